# Configures and builds the addon alone, from the folder that holds CMakeLists.txt (binding.gyp).

get_filename_component(root ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
execute_process(COMMAND ${CMAKE_COMMAND} --preset release WORKING_DIRECTORY ${root}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build --preset release --target countenance
                WORKING_DIRECTORY ${root} COMMAND_ERROR_IS_FATAL ANY)
