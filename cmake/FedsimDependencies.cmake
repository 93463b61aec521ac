# Everything fedsim is built on, as imported targets. Nothing is downloaded here: scripts/install-deps.sh does that.
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(TBB REQUIRED)
find_package(ZLIB REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)  # its check compiles C
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
find_package(FedsimTorch 2.4 REQUIRED)

# LibTorch's headers bring a newer fmt of their own, which must not shadow the one we link. A folder with a link to the
# system's, in front of them in every target of ours.
get_target_property(_fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
list(GET _fmt_include 0 _fmt_include)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/include")
file(CREATE_LINK "${_fmt_include}/fmt" "${PROJECT_BINARY_DIR}/include/fmt" SYMBOLIC)
target_include_directories(fedsim_options SYSTEM INTERFACE "${PROJECT_BINARY_DIR}/include")
