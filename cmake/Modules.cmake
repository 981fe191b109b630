# A folder of src/ is a module: the static library aifsim_<module>. This table is the architecture: who may include
# (and links) whom. The tests layers.<module> hold the sources to it.
set(AIFSIM_MODULES)
macro(aifsim_module name)
  cmake_parse_arguments(arg "" "" "INCLUDES;LIBRARIES" ${ARGN})
  list(APPEND AIFSIM_MODULES ${name})
  set(AIFSIM_${name}_INCLUDES ${arg_INCLUDES})
  set(AIFSIM_${name}_LIBRARIES ${arg_LIBRARIES})
endmacro()

aifsim_module(base)
aifsim_module(config     INCLUDES base LIBRARIES aifsim_yaml)
aifsim_module(hardware   INCLUDES base config)
aifsim_module(model      INCLUDES base config)
aifsim_module(topology   INCLUDES base config hardware LIBRARIES Boost::headers)
aifsim_module(parallel   INCLUDES base config hardware model topology)
aifsim_module(task       INCLUDES base)
aifsim_module(collective INCLUDES base config hardware task topology)
aifsim_module(training   INCLUDES base config hardware model topology parallel task collective)
aifsim_module(serving    INCLUDES base config hardware model topology parallel task collective
                         LIBRARIES nlohmann_json::nlohmann_json)
aifsim_module(factory    INCLUDES base config hardware model topology parallel task collective training serving)
aifsim_module(engine     INCLUDES base topology task LIBRARIES PkgConfig::SIMGRID)
aifsim_module(metrics    INCLUDES base task topology)
aifsim_module(report     INCLUDES base task topology metrics
                         LIBRARIES spdlog::spdlog fmt::fmt nlohmann_json::nlohmann_json)
aifsim_module(study      INCLUDES ${AIFSIM_MODULES}
                         LIBRARIES spdlog::spdlog fmt::fmt nlohmann_json::nlohmann_json)
aifsim_module(app        INCLUDES ${AIFSIM_MODULES}
                         LIBRARIES spdlog::spdlog fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11)

# A module that has no .cpp yet is an INTERFACE library, so that its users need not care.
function(aifsim_add_module name)
  set(folder "${PROJECT_SOURCE_DIR}/src/${name}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  if(sources)
    add_library(aifsim_${name} STATIC ${sources})
    target_link_libraries(aifsim_${name} PRIVATE aifsim_warnings ${AIFSIM_${name}_LIBRARIES})
    set(scope PUBLIC)
  else()
    add_library(aifsim_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(aifsim_${name} ${scope} "${PROJECT_SOURCE_DIR}/src" "${PROJECT_BINARY_DIR}/generated")
  foreach(other IN LISTS AIFSIM_${name}_INCLUDES)
    target_link_libraries(aifsim_${name} ${scope} aifsim_${other})
  endforeach()
  if(AIFSIM_TESTS)
    add_test(NAME layers.${name}
             COMMAND ${CMAKE_COMMAND} "-DMODULE=${name}" "-DFOLDER=${folder}"
                     "-DALLOWED=${AIFSIM_${name}_INCLUDES}" -P "${PROJECT_SOURCE_DIR}/cmake/CheckLayers.cmake")
    set_tests_properties(layers.${name} PROPERTIES LABELS unit)
  endif()
endfunction()

function(aifsim_add_modules)
  foreach(name IN LISTS AIFSIM_MODULES)
    aifsim_add_module(${name})
  endforeach()
  # Where the catalogue lies when a file does not say.
  foreach(name IN ITEMS config hardware app)
    get_target_property(type aifsim_${name} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      target_compile_definitions(aifsim_${name} PRIVATE "AIFSIM_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
    endif()
  endforeach()
endfunction()
