{
  # npm's own ways to build an addon (node-gyp, prebuildify) end in our one CMake build; the output
  # is build/Release/countenance.node, where both look for it. No file "ask_ninja" is ever made, so
  # that the action always runs: ninja alone knows which sources have changed.
  "targets": [
    {
      "target_name": "countenance",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(INTERMEDIATE_DIR)/ask_ninja"],
          "action": ["cmake", "-P", "cmake/build_addon.cmake"]
        }
      ]
    }
  ]
}
