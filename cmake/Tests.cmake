# tests/<module>/ mirrors src/<module>/ and becomes test_<module>; the other folders test the whole.
find_package(GTest REQUIRED)
include(GoogleTest)

set(AIFSIM_SYSTEM_TESTS laws scenarios validation cli)

function(aifsim_add_test_executable name label)
  set(folder "${PROJECT_SOURCE_DIR}/tests/${name}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(test_${name} PRIVATE ${ARGN} aifsim_warnings GTest::gmock GTest::gtest_main
                        nlohmann_json::nlohmann_json)
  target_compile_definitions(test_${name} PRIVATE "AIFSIM_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\""
                             "AIFSIM_BINARY=\"${PROJECT_BINARY_DIR}/aifsim\"")
  if(label STREQUAL "unit")
    add_dependencies(unit_tests test_${name})
  endif()
  if(label STREQUAL "system" AND TARGET aifsim)
    add_dependencies(test_${name} aifsim)
  endif()
  # The tests' names are read at build time, and the machine may be busy then. One process per test: a process can
  # hold one SimGrid engine only.
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
                       WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()

function(aifsim_add_tests)
  add_custom_target(unit_tests)
  foreach(module IN LISTS AIFSIM_MODULES)
    set(libraries aifsim_${module})
    # Whoever makes task graphs tests them on the engine too.
    if("task" IN_LIST AIFSIM_${module}_INCLUDES AND NOT module STREQUAL "engine")
      list(APPEND libraries aifsim_engine)
    endif()
    aifsim_add_test_executable(${module} unit ${libraries})
  endforeach()
  list(TRANSFORM AIFSIM_MODULES PREPEND aifsim_ OUTPUT_VARIABLE all_libraries)
  list(REVERSE all_libraries)
  foreach(name IN LISTS AIFSIM_SYSTEM_TESTS)
    aifsim_add_test_executable(${name} system ${all_libraries})
  endforeach()
endfunction()

# Run by hand: build/release/aifsim_bench. Never a test, since a busy machine would fail it.
function(aifsim_add_benchmarks)
  find_package(benchmark QUIET)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/bench/*_bench.cpp")
  if(NOT benchmark_FOUND OR NOT sources)
    return()
  endif()
  list(TRANSFORM AIFSIM_MODULES PREPEND aifsim_ OUTPUT_VARIABLE all_libraries)
  list(REVERSE all_libraries)
  add_executable(aifsim_bench ${sources})
  target_link_libraries(aifsim_bench PRIVATE ${all_libraries} aifsim_warnings benchmark::benchmark_main)
  target_include_directories(aifsim_bench PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(aifsim_bench PRIVATE "AIFSIM_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
endfunction()
