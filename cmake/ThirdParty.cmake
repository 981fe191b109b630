# Third-party packages, as Debian 12 ships them; tools/setup installs them. Each is linked only by the modules that
# may know it (AIFSIM_<module>_LIBRARIES in Modules.cmake).
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SIMGRID REQUIRED IMPORTED_TARGET simgrid)

# yaml-cpp 0.7's target has no include directory of its own on Debian and a namespaced name only from 0.8 on.
add_library(aifsim_yaml INTERFACE)
if(YAML_CPP_INCLUDE_DIR)
  target_include_directories(aifsim_yaml SYSTEM INTERFACE ${YAML_CPP_INCLUDE_DIR})
endif()
target_link_libraries(aifsim_yaml INTERFACE $<IF:$<TARGET_EXISTS:yaml-cpp::yaml-cpp>,yaml-cpp::yaml-cpp,yaml-cpp>)
