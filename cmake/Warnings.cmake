# The warnings of our own targets, each probed so that any compiler can be used. Link aifsim_warnings PRIVATE.
include(CheckCXXCompilerFlag)

add_library(aifsim_warnings INTERFACE)

function(aifsim_add_flag_if_known flag)
  string(MAKE_C_IDENTIFIER "AIFSIM_HAS_${flag}" known)
  check_cxx_compiler_flag("${flag}" ${known})
  if(${known})
    target_compile_options(aifsim_warnings INTERFACE "${flag}")
  endif()
endfunction()

foreach(warning IN ITEMS
    all extra pedantic shadow conversion sign-conversion old-style-cast non-virtual-dtor overloaded-virtual cast-align
    unused null-dereference double-promotion format=2 implicit-fallthrough extra-semi misleading-indentation
    duplicated-cond duplicated-branches logical-op suggest-override)
  aifsim_add_flag_if_known("-W${warning}")
endforeach()

# A default member initializer is an initializer: designated initializers may leave such fields out.
aifsim_add_flag_if_known(-Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns about a correct `"text" + std::string` (gcc.gnu.org bug 105651).
  target_compile_options(aifsim_warnings INTERFACE -Wno-restrict)
endif()
if(AIFSIM_SANITIZERS)
  # Under sanitizers GCC sees uninitialised members in std::regex and std::function (gcc.gnu.org bug 105562).
  # and null pointers in std::string: the checks of its own make paths that do not exist.
  aifsim_add_flag_if_known(-Wno-maybe-uninitialized)
  aifsim_add_flag_if_known(-Wno-null-dereference)
endif()
if(AIFSIM_WERROR)
  target_compile_options(aifsim_warnings INTERFACE -Werror)
endif()
