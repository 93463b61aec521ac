# LibTorch: torch::torch_cpu. find_package(Torch) of the PyPI wheel wants a CUDA toolkit, so the target is made here
# from its headers and libraries. First of: TORCH_ROOT, CMAKE_PREFIX_PATH, the project's .venv.
# Sets FEDSIM_TORCH_RPATH, the folders in which a program finds LibTorch and what it needs at run time.
string(REPLACE ":" ";" _env_prefixes "$ENV{CMAKE_PREFIX_PATH}")
file(GLOB _venv_torch "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
set(_torch_prefixes ${TORCH_ROOT} $ENV{TORCH_ROOT} ${CMAKE_PREFIX_PATH} ${_env_prefixes} ${_venv_torch})

# Another LibTorch may be named in a build folder that knows one already.
if(NOT "${_torch_prefixes}" STREQUAL "${FedsimTorch_PREFIXES}")
  unset(FedsimTorch_INCLUDE_DIR CACHE)
  unset(FedsimTorch_CPU_LIBRARY CACHE)
  unset(FedsimTorch_C10_LIBRARY CACHE)
  set(FedsimTorch_PREFIXES "${_torch_prefixes}" CACHE INTERNAL "where LibTorch was searched")
endif()
find_path(FedsimTorch_INCLUDE_DIR torch/script.h PATHS ${_torch_prefixes} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(FedsimTorch_CPU_LIBRARY torch_cpu PATHS ${_torch_prefixes} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(FedsimTorch_C10_LIBRARY c10 PATHS ${_torch_prefixes} PATH_SUFFIXES lib NO_DEFAULT_PATH)
mark_as_advanced(FedsimTorch_INCLUDE_DIR FedsimTorch_CPU_LIBRARY FedsimTorch_C10_LIBRARY)

# The version stands in one of two headers, by LibTorch's own version.
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(FedsimTorch_INCLUDE_DIR AND EXISTS "${FedsimTorch_INCLUDE_DIR}/${_header}" AND NOT FedsimTorch_VERSION)
    file(STRINGS "${FedsimTorch_INCLUDE_DIR}/${_header}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    string(REGEX MATCHALL "[0-9]+" _numbers "${_lines}")
    list(JOIN _numbers "." FedsimTorch_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FedsimTorch
  REQUIRED_VARS FedsimTorch_CPU_LIBRARY FedsimTorch_C10_LIBRARY FedsimTorch_INCLUDE_DIR
  VERSION_VAR FedsimTorch_VERSION
  REASON_FAILURE_MESSAGE "run scripts/install-deps.sh, or name a LibTorch with -DCMAKE_PREFIX_PATH=/path/to/libtorch")

if(FedsimTorch_FOUND AND NOT TARGET torch::torch_cpu)
  get_filename_component(_torch_lib "${FedsimTorch_CPU_LIBRARY}" DIRECTORY)
  get_filename_component(_torch_prefix "${_torch_lib}" DIRECTORY)
  set(_torch_config "${_torch_prefix}/share/cmake/Torch/TorchConfig.cmake")
  if(EXISTS "${_torch_config}")
    file(STRINGS "${_torch_config}" _old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(_old_abi)
      message(FATAL_ERROR "the LibTorch in ${_torch_prefix} has the old C++ ABI; "
                          "take the one that is called 'cxx11 ABI', or scripts/install-deps.sh")
    endif()
  endif()
  add_library(torch::c10 SHARED IMPORTED)
  set_target_properties(torch::c10 PROPERTIES IMPORTED_LOCATION "${FedsimTorch_C10_LIBRARY}")
  add_library(torch::torch_cpu SHARED IMPORTED)
  # The small CUDA wheels that libtorch_cpu.so needs lie beside torch: nvidia/cu13/lib or nvidia/*/lib.
  get_filename_component(_torch_parent "${_torch_prefix}" DIRECTORY)
  file(GLOB _torch_cuda_dirs "${_torch_parent}/nvidia/*/lib")
  set_target_properties(torch::torch_cpu PROPERTIES
    IMPORTED_LOCATION "${FedsimTorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${FedsimTorch_INCLUDE_DIR};${FedsimTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${FedsimTorch_INCLUDE_DIR};${FedsimTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES torch::c10)
  list(TRANSFORM _torch_cuda_dirs PREPEND "-Wl,-rpath-link," OUTPUT_VARIABLE _rpath_link)
  set_property(TARGET torch::torch_cpu PROPERTY INTERFACE_LINK_OPTIONS "-Wl,-rpath-link,${_torch_lib}" ${_rpath_link})
  set(FEDSIM_TORCH_RPATH "${_torch_lib}" ${_torch_cuda_dirs})
endif()
