# fedsim_options: flags of all our targets. No -ffast-math anywhere: it kills NaN checks and determinism.
# -ffp-contract=off: a*b+c is rounded the same on every instruction set; where a fused multiply-add is meant, the
# code says so.
add_library(fedsim_options INTERFACE)
target_include_directories(fedsim_options INTERFACE "${PROJECT_SOURCE_DIR}/lib")
target_compile_options(fedsim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -ffp-contract=off)
if(FEDSIM_WERROR)
  target_compile_options(fedsim_options INTERFACE -Werror)
endif()
if(FEDSIM_SANITIZE)
  target_compile_options(fedsim_options INTERFACE -fsanitize=${FEDSIM_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(fedsim_options INTERFACE -fsanitize=${FEDSIM_SANITIZE})
endif()

# fedsim_module(core a.cpp b.cpp): the OBJECT library of one folder of lib/. Static libraries would drop the files
# that only register themselves.
function(fedsim_module name)
  add_library(fedsim_${name} OBJECT ${ARGN})
  target_link_libraries(fedsim_${name} PUBLIC fedsim_options fmt::fmt)
  set_property(GLOBAL APPEND PROPERTY FEDSIM_MODULES fedsim_${name})
endfunction()

# -O2 in Release: at -O3 g++ 12 warns falsely about inlined strings; files with hot loops ask for -O3 themselves.
target_compile_options(fedsim_options INTERFACE $<$<CONFIG:Release>:-O2>)
