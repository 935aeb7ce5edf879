# Targets third_party::dlib, ::faiss, ::sqlite3, node_api. The archives are built at the first
# configure and kept in third_party/lib/<key>, outside of build/ (node-gyp wipes that one).

set(third_party_dir ${PROJECT_SOURCE_DIR}/third_party)
set(third_party_recipe ${PROJECT_SOURCE_DIR}/native/third_party)

function(build_third_party result)
  set(inputs ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_SYSTEM_PROCESSOR})
  foreach(file CMakeLists.txt omp_serial.cpp sources.sha256)
    file(SHA256 ${third_party_recipe}/${file} hash)
    list(APPEND inputs ${hash})
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 ${third_party_recipe}/${file})
  endforeach()
  string(SHA256 key "${inputs}")
  string(SUBSTRING ${key} 0 16 key)
  set(prefix ${third_party_dir}/lib/${key})
  set(${result} ${prefix} PARENT_SCOPE)

  file(MAKE_DIRECTORY ${third_party_dir}/lib)
  file(LOCK ${third_party_dir}/lib DIRECTORY GUARD FUNCTION TIMEOUT 1800)
  if(EXISTS ${prefix}/complete)
    return()
  endif()
  if(NOT EXISTS ${third_party_dir}/src/complete)
    message(FATAL_ERROR "the sources of dlib, FAISS and SQLite are missing; run: npm run setup")
  endif()
  message(STATUS "Building dlib, FAISS and SQLite once (about a minute and a half on two cores)")
  set(work ${third_party_dir}/lib/${key}.build)
  file(REMOVE_RECURSE ${work}) # of an interrupted build, perhaps in another place
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${third_party_recipe} -B ${work} -G ${CMAKE_GENERATOR}
            -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=${prefix}
            -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
            -DCOUNTENANCE_SOURCES=${third_party_dir}/src
    COMMAND_ERROR_IS_FATAL ANY)
  include(ProcessorCount)
  ProcessorCount(cores)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${work} --parallel ${cores} --target install
                  COMMAND_ERROR_IS_FATAL ANY)
  file(TOUCH ${prefix}/complete)
  file(GLOB others ${third_party_dir}/lib/*)
  list(REMOVE_ITEM others ${prefix} ${third_party_dir}/lib/cmake.lock)
  file(REMOVE_RECURSE ${others}) # of older recipes, and this build's own folder
endfunction()

build_third_party(prefix)

# Adds third_party::<name>: its archive, its headers (as system headers: no warnings of ours).
function(third_party name include)
  add_library(third_party_${name} STATIC IMPORTED GLOBAL)
  add_library(third_party::${name} ALIAS third_party_${name})
  set_target_properties(third_party_${name} PROPERTIES
    IMPORTED_LOCATION ${prefix}/lib/lib${name}.a
    INTERFACE_INCLUDE_DIRECTORIES ${include})
endfunction()

third_party(dlib ${third_party_dir}/src/dlib)
third_party(faiss ${third_party_dir}/src/faiss)
third_party(sqlite3 ${prefix}/include/sqlite3)
target_compile_definitions(third_party_dlib INTERFACE
  DLIB_NO_GUI_SUPPORT DLIB_DISABLE_ASSERTS DLIB_NO_ABORT_ON_2ND_FATAL_ERROR)
target_link_libraries(third_party_dlib INTERFACE Threads::Threads)
# FAISS multiplies matrices through sgemm_, which is ours (native/nn).
target_link_libraries(third_party_faiss INTERFACE countenance_nn)
# Drops FAISS's functions that we never call together with what they would need (LAPACK).
target_link_options(third_party_faiss INTERFACE -Wl,--gc-sections)

# Node-API: only headers, from npm; Node itself provides the functions when it loads the addon.
set(npm ${PROJECT_SOURCE_DIR}/node_modules)
if(NOT EXISTS ${npm}/node-addon-api/napi.h OR NOT EXISTS ${npm}/node-api-headers/include/node_api.h)
  message(FATAL_ERROR "node-addon-api and node-api-headers are missing; run: npm ci")
endif()
add_library(node_api INTERFACE)
target_include_directories(node_api SYSTEM INTERFACE
  ${npm}/node-addon-api ${npm}/node-api-headers/include)
# The last one: a call during which a worker thread is terminated must not end the whole process.
target_compile_definitions(node_api INTERFACE NAPI_VERSION=8 NAPI_CPP_EXCEPTIONS
                           NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
