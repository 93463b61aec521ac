# fedsim_options: flags of all our targets. No -ffast-math anywhere: it kills NaN checks and determinism.
# -ffp-contract=off: a*b+c is rounded the same on every instruction set; where a fused multiply-add is meant, the
# code says so.
include(CheckPIESupported)
check_pie_supported()

add_library(fedsim_options INTERFACE)
target_include_directories(fedsim_options INTERFACE "${PROJECT_SOURCE_DIR}/lib")
target_compile_options(fedsim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -ffp-contract=off)
if(FEDSIM_WERROR)
  target_compile_options(fedsim_options INTERFACE -Werror)
endif()
if(FEDSIM_SANITIZE)
  target_compile_options(fedsim_options INTERFACE -fsanitize=${FEDSIM_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(fedsim_options INTERFACE -fsanitize=${FEDSIM_SANITIZE})
  # Checked element access of the standard library. Not in release: it keeps the inner loops from being vectorised.
  target_compile_definitions(fedsim_options INTERFACE _GLIBCXX_ASSERTIONS)
else()
  # Readers parse files of unknown origin: hardening that costs nothing measurable. -U: some compilers define it.
  target_compile_options(fedsim_options INTERFACE -fstack-protector-strong
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(fedsim_options INTERFACE -fcf-protection)
  endif()
endif()
# Link only what is used; resolve it at the start and make the tables read-only.
target_link_options(fedsim_options INTERFACE -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

# fedsim_module(core a.cpp b.cpp): the OBJECT library of one folder of lib/. Static libraries would drop the files
# that only register themselves.
function(fedsim_module name)
  add_library(fedsim_${name} OBJECT ${ARGN})
  target_link_libraries(fedsim_${name} PUBLIC fedsim_options fmt::fmt)
  set_property(GLOBAL APPEND PROPERTY FEDSIM_MODULES fedsim_${name})
endfunction()

# -O2 in Release: at -O3 g++ 12 warns falsely about inlined strings; files with hot loops ask for -O3 themselves.
target_compile_options(fedsim_options INTERFACE $<$<CONFIG:Release>:-O2>)
