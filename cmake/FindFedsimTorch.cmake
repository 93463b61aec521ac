# LibTorch: torch::torch_cpu. find_package(Torch) of the PyPI wheel wants a CUDA toolkit, so the target is made here
# from its headers and libraries. First of: TORCH_ROOT, CMAKE_PREFIX_PATH, the project's .venv.
file(GLOB _venv_torch "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
set(_torch_prefixes ${TORCH_ROOT} $ENV{TORCH_ROOT} ${CMAKE_PREFIX_PATH} ${_venv_torch})
find_path(FedsimTorch_INCLUDE_DIR torch/script.h PATHS ${_torch_prefixes} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(FedsimTorch_CPU_LIBRARY torch_cpu PATHS ${_torch_prefixes} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(FedsimTorch_C10_LIBRARY c10 PATHS ${_torch_prefixes} PATH_SUFFIXES lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FedsimTorch
  REQUIRED_VARS FedsimTorch_CPU_LIBRARY FedsimTorch_C10_LIBRARY FedsimTorch_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/install-deps.sh, or name a LibTorch with -DCMAKE_PREFIX_PATH=/path/to/libtorch")
if(FedsimTorch_FOUND AND NOT TARGET torch::torch_cpu)
  get_filename_component(_torch_lib "${FedsimTorch_CPU_LIBRARY}" DIRECTORY)
  add_library(torch::c10 SHARED IMPORTED)
  set_target_properties(torch::c10 PROPERTIES IMPORTED_LOCATION "${FedsimTorch_C10_LIBRARY}")
  add_library(torch::torch_cpu SHARED IMPORTED)
  # The small CUDA wheels that libtorch_cpu.so needs lie beside torch: nvidia/cu13/lib or nvidia/*/lib.
  file(GLOB _torch_cuda_dirs "${_torch_lib}/../../nvidia/*/lib")
  set_target_properties(torch::torch_cpu PROPERTIES
    IMPORTED_LOCATION "${FedsimTorch_CPU_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${FedsimTorch_INCLUDE_DIR};${FedsimTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${FedsimTorch_INCLUDE_DIR};${FedsimTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES torch::c10)
  list(TRANSFORM _torch_cuda_dirs PREPEND "-Wl,-rpath-link," OUTPUT_VARIABLE _rpath_link)
  set_property(TARGET torch::torch_cpu PROPERTY INTERFACE_LINK_OPTIONS ${_rpath_link})
  set(FEDSIM_TORCH_RPATH "${_torch_lib};${_torch_cuda_dirs}")
endif()
