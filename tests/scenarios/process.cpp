// The command-line tests' own runner, compiled here too.
#include "../cli/process.cpp"
