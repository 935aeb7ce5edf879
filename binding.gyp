{
  # npm's own ways to build an addon (node-gyp, prebuildify) end in our one CMake build; the output
  # is build/Release/countenance.node, where both look for it.
  "targets": [
    {
      "target_name": "countenance",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(PRODUCT_DIR)/countenance.node"],
          "action": ["cmake", "-P", "cmake/build_addon.cmake"]
        }
      ]
    }
  ]
}
