# Sanitizers and coverage change every object file, so they are set for the whole build.
if(AIFSIM_SANITIZERS)
  add_compile_options("-fsanitize=${AIFSIM_SANITIZERS}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${AIFSIM_SANITIZERS}")
  # engine/ asks: SimGrid's default context factory and AddressSanitizer's stack checks do not get on.
  add_compile_definitions(AIFSIM_SANITIZED)
endif()
if(AIFSIM_COVERAGE)
  add_compile_options(--coverage -fno-inline)
  add_link_options(--coverage)
endif()
