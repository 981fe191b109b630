#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wnull-dereference"  // GCC 12 sees one in CLI11's inlined split(): there is none
#endif

#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

#include "app/commands.hpp"
#include "app/help_text.hpp"
#include "base/version.hpp"
#include "report/json_keys.hpp"

namespace aifsim::app {
namespace {

// An option value that is one of a few words; the words stand in the help.
template <typename Enum>
void add_choice(CLI::App& app, const std::string& name, Enum& value, const std::map<std::string, Enum>& words,
                const std::string& description) {
  std::string list;
  for (const auto& [word, ignored] : words) list += (list.empty() ? "" : "|") + word;
  app.add_option_function<std::string>(
         name, [&value, &words](const std::string& word) { value = words.at(word); }, description)
      ->check([&words, list](const std::string& word) {
        return words.contains(word) ? std::string() : "expected " + list + ", got \"" + word + '"';
      })
      ->type_name(list);
}

const std::map<std::string, Format> formats{{"text", Format::text}, {"json", Format::json}};
const std::map<std::string, Network> networks{
    {"fluid", Network::fluid}, {"simgrid", Network::simgrid}, {"ideal", Network::ideal}};
const std::map<std::string, study::ValidateFormat> validate_formats{
    {"text", study::ValidateFormat::text}, {"json", study::ValidateFormat::json}, {"csv", study::ValidateFormat::csv}};

// Told when it is broken, and not in the help, where it would stand between an option and its words.
template <typename Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

void add_sets(CLI::App& app, std::vector<std::string>& sets) {
  app.add_option("--set", sets, "Change one value of a file; may be given again")
      ->type_name("key.path=value")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::App* add_run(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand("run", "Simulate a workload on a platform");
  run->add_option("PLATFORM", options.platform, "Platform file, e.g. platforms/dgx-h100-32.yaml")
      ->required()
      ->type_name("FILE");
  run->add_option("WORKLOAD", options.workload, "Workload file, e.g. workloads/llama3-405b-pretrain.yaml")
      ->required()
      ->type_name("FILE");
  add_sets(*run, options.sets);
  run->add_option("--seed", options.seed, "Seed of every random stream (default 1)")
      ->type_name("N")
      ->check([](const std::string& text) {
        const bool is_whole =
            !text.empty() && text.size() < 20 && text.find_first_not_of("0123456789") == std::string::npos;
        return is_whole ? std::string() : "expected a whole number, got \"" + text + '"';
      });
  add_choice(
      *run, "--network", options.network, networks,
      "How flows share channels: max-min fair at scale (fluid, the default), SimGrid's own model, no contention");
  run->add_option("--out", options.out, "Also write the report and the resolved inputs into this directory")
      ->type_name("DIR");
  add_choice(*run, "--format", options.format, formats, "What to print (default text)");
  run->footer(run_examples);
  return run;
}

CLI::App* add_validate(CLI::App& app, study::ValidateOptions& options) {
  CLI::App* validate = app.add_subcommand("validate", "Compare simulated with published figures");
  validate->add_option("TABLE", options.tables, "CSV tables of measurements")->required()->type_name("FILE");
  validate->add_option("--where", options.where, "Only rows whose column matches; may be given again")
      ->type_name("column=glob")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  validate->add_option("--jobs", options.jobs, "Processes at a time (default: one per core)")
      ->type_name("N")
      ->check(within(1, 4096));
  add_choice(*validate, "--format", options.format, validate_formats, "What to print (default text)");
  validate->footer(validate_examples);
  return validate;
}

const std::map<std::string, TopologyFormat> topology_formats{{"text", TopologyFormat::text},
                                                             {"json", TopologyFormat::json},
                                                             {"dot", TopologyFormat::dot},
                                                             {"graphml", TopologyFormat::graphml}};

CLI::App* add_topology(CLI::App& app, TopologyOptions& options) {
  CLI::App* topology =
      app.add_subcommand("topology", "Describe a platform's network: parts, power, price, bottlenecks");
  topology->add_option("PLATFORM", options.platform, "Platform file, e.g. platforms/dgx-h100-32.yaml")
      ->required()
      ->type_name("FILE");
  add_sets(*topology, options.sets);
  add_choice(*topology, "--format", options.format, topology_formats, "What to print (default text)");
  topology->footer(topology_examples);
  return topology;
}

const std::map<std::string, TrafficFormat> traffic_formats{
    {"text", TrafficFormat::text}, {"json", TrafficFormat::json}, {"csv", TrafficFormat::csv}};

CLI::App* add_traffic(CLI::App& app, TrafficCommandOptions& options) {
  CLI::App* traffic = app.add_subcommand("traffic", "Put a pattern of flows on a platform's network");
  traffic->add_option("PLATFORM", options.platform, "Platform file, e.g. platforms/dgx-h100-32.yaml")
      ->required()
      ->type_name("FILE");
  add_sets(*traffic, options.sets);
  traffic->add_option("--pattern", options.pattern, "Who sends to whom (default permutation)")
      ->type_name("permutation|incast|all-to-all|shift|FILE.csv");
  traffic->add_option("--bytes", options.bytes, "What each flow carries (default 64MiB)")->type_name("BYTES");
  traffic->add_option("--concurrent", options.concurrent, "Patterns at once (default 1)")
      ->type_name("N")
      ->check(within(1, 65536));
  traffic->add_option("--seed", options.seed, "Seed of what is drawn (default 1)")->type_name("N");
  add_choice(*traffic, "--format", options.format, traffic_formats, "What to print (default text)");
  traffic->footer(traffic_examples);
  return traffic;
}

const std::map<std::string, TraceOutput> trace_outputs{{"text", TraceOutput::text}, {"json", TraceOutput::json}};

CLI::App* add_trace(CLI::App& app, TraceCommandOptions& options) {
  CLI::App* trace = app.add_subcommand("trace", "Describe a request trace: lengths, rate over time, reuse");
  trace->add_option("FILE", options.file, "A trace, or a YAML file with `requests:`")->required()->type_name("");
  add_sets(*trace, options.sets);
  trace->add_option("--cache-blocks", options.cache_blocks, "Also the hits of an LRU cache of N of the trace's blocks")
      ->type_name("N")
      ->check(within(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}));
  trace->add_option("--seed", options.seed, "Seed of what is drawn (default 1)")->type_name("N");
  add_choice(*trace, "--format", options.format, trace_outputs, "What to print (default text)");
  trace->footer(trace_examples);
  return trace;
}

CLI::App* add_check(CLI::App& app, CheckOptions& options) {
  CLI::App* check = app.add_subcommand("check", "Report every problem in input files; run nothing");
  check->add_option("FILE", options.files, "YAML files and request traces (.csv, .jsonl)")->required()->type_name("");
  add_sets(*check, options.sets);
  check->footer(check_examples);
  return check;
}

CLI::App* add_list(CLI::App& app, ListOptions& options) {
  CLI::App* list = app.add_subcommand("list", "Show what there is to choose from");
  std::string words;
  for (const std::string& word : listable()) words += (words.empty() ? "" : "|") + word;
  list->add_option("WHAT", options.what, words)->required()->type_name("")->check([words](const std::string& word) {
    const auto known = listable();
    const bool is_known = std::find(known.begin(), known.end(), word) != known.end();
    return is_known ? std::string() : "expected " + words + ", got \"" + word + '"';
  });
  list->footer(list_examples);
  return list;
}

const std::map<std::string, CollectiveFormat> collective_formats{
    {"text", CollectiveFormat::text}, {"json", CollectiveFormat::json}, {"csv", CollectiveFormat::csv}};
const std::map<std::string, CollectiveNetwork> collective_networks{
    {"fluid", CollectiveNetwork::fluid}, {"simgrid", CollectiveNetwork::simgrid}, {"ideal", CollectiveNetwork::ideal}};

CLI::App* add_collective(CLI::App& app, CollectiveOptions& options) {
  CLI::App* collective = app.add_subcommand("collective", "Time a collective over growing sizes, as nccl-tests do");
  collective->add_option("PLATFORM", options.platform, "Platform file, e.g. platforms/dgx-h100-32.yaml")
      ->required()
      ->type_name("FILE");
  add_sets(*collective, options.sets);
  collective->add_option("--op", options.operation, "all_reduce, all_gather, reduce_scatter, all_to_all, broadcast, …")
      ->required()
      ->type_name("NAME");
  collective->add_option("--ranks", options.ranks, "The first N GPUs (default all)")
      ->type_name("N")
      ->check(within(2, 100'000'000));
  collective->add_option("--sizes", options.sizes, "FROM:TO:xFACTOR, FROM:TO:STEP or one size (default 8:16G:x2)")
      ->type_name("SIZES");
  collective
      ->add_option("--algorithm", options.algorithm,
                   "auto (the default), one of `aifsim list collectives`, or steps as data")
      ->type_name("NAME|FILE.yaml");
  collective
      ->add_option("--imbalance", options.imbalance,
                   "all_to_all_v: rank 0's bytes over the mean, or a number for each rank")
      ->type_name("F|F,F,...");
  collective->add_flag("--unfolded", options.unfolded,
                       "ring, chain: simulate every rank's flows, not one rank's for all");
  collective->add_flag("--collnet", options.collnet,
                       "Let auto reduce in the network's switches (SHARP; NCCL_COLLNET_ENABLE)");
  add_choice(*collective, "--network", options.network, collective_networks,
             "How flows share channels (default fluid)");
  add_choice(*collective, "--format", options.format, collective_formats, "What to print (default text)");
  collective->footer(collective_examples);
  return collective;
}

const std::map<std::string, study::StudyFormat> study_formats{
    {"text", study::StudyFormat::text}, {"json", study::StudyFormat::json}, {"csv", study::StudyFormat::csv}};

CLI::App* add_study(CLI::App& app, StudyOptions& options) {
  CLI::App* study = app.add_subcommand("study", "Simulate many cases; one table, one plot");
  study->add_option("STUDY", options.file, "Study file, e.g. workloads/studies/photonics.yaml")
      ->required()
      ->type_name("FILE");
  add_sets(*study, options.sets);
  study->add_option("--jobs", options.jobs, "Processes at a time (default: one per core)")
      ->type_name("N")
      ->check(within(1, 4096));
  study->add_option("--plot", options.plot, "Draw the study's plot into this SVG file")->type_name("FILE.svg");
  study->add_option("--out", options.out, "Keep results and tables in this directory, and take what it has")
      ->type_name("DIR");
  add_choice(*study, "--format", options.format, study_formats, "What to print (default text)");
  study->footer(study_examples);
  return study;
}

CLI::App* add_help(CLI::App& app, std::string& topic) {
  CLI::App* help = app.add_subcommand("help", "Explain a topic: json (keys and units of all commands)");
  help->add_option("TOPIC", topic, "json")->type_name("")->check([](const std::string& word) {
    return word == "json" ? std::string() : "expected json, got \"" + word + '"';
  });
  return help;
}

// Of every command: `run` documents its report, the others' help ends with their keys.
std::string all_json_keys(const CLI::App& app) {
  std::string text = report::describe_run_json() + trace_json;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string footer = command->get_footer();
    const std::size_t keys = footer.find("JSON keys: ");
    if (keys != std::string::npos) text += "\naifsim " + command->get_name() + "\n" + footer.substr(keys);
  }
  return text;
}

std::string help_of(CLI::App& app, const CLI::ParseError& request) {
  std::ostringstream text;
  (void)app.exit(request, text, text);
  return text.str();
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  CLI::App app(about, "aifsim");
  app.footer(about_exit);
  app.set_version_flag("--version", "aifsim " + std::string(version));
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  RunOptions run_options;
  study::ValidateOptions validate_options;
  CheckOptions check_options;
  ListOptions list_options;
  TopologyOptions topology_options;
  CollectiveOptions collective_options;
  TrafficCommandOptions traffic_options;
  TraceCommandOptions trace_options;
  StudyOptions study_options;
  std::string topic;
  const CLI::App* run = add_run(app, run_options);
  const CLI::App* validate = add_validate(app, validate_options);
  const CLI::App* check = add_check(app, check_options);
  const CLI::App* list = add_list(app, list_options);
  const CLI::App* topology = add_topology(app, topology_options);
  const CLI::App* collective = add_collective(app, collective_options);
  const CLI::App* traffic = add_traffic(app, traffic_options);
  const CLI::App* trace = add_trace(app, trace_options);
  const CLI::App* study = add_study(app, study_options);
  add_help(app, topic);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version: no error, CLI11 just says it so
    return PrintOptions{help_of(app, request)};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? "aifsim" : "aifsim " + chosen.front()->get_name();
    const bool unknown = chosen.empty() && argc > 1 && *argv[1] != '-';
    const std::string what =
        unknown ? "expected run|validate|check|list|topology|trace|traffic|collective|study|help, got \"" +
                      std::string(argv[1]) + '"'
                : std::string(error.what());
    throw UsageError(what + " (see " + command + " --help)");
  }
  if (run->parsed()) return run_options;
  if (validate->parsed()) return validate_options;
  if (check->parsed()) return check_options;
  if (list->parsed()) return list_options;
  if (topology->parsed()) return topology_options;
  if (collective->parsed()) return collective_options;
  if (traffic->parsed()) return traffic_options;
  if (trace->parsed()) return trace_options;
  if (study->parsed()) return study_options;
  return PrintOptions{topic == "json" ? all_json_keys(app) : app.help()};
}

}  // namespace aifsim::app
