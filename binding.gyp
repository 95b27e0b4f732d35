# The CPU addon, for `node-gyp rebuild`: the same as CMakeLists.txt builds, with the pool's threads and without a BLAS.
{
  "variables": {
    # "all", or "v2" to try a build: the lowest level of x86-64 alone, in a third of the time
    "flambeau_levels%": "all",
    "flambeau_optimize%": "-O3",
    "base_sources": "<!(node -p \"require('fs').readdirSync('native').filter(f => f.endsWith('.cc')).map(f => 'native/' + f).join(' ')\")",
    "kernel_sources": "<!(node -p \"require('fs').readdirSync('native/cpu').filter(f => f.endsWith('.cc') && f !== 'cpu.cc').map(f => 'native/cpu/' + f).join(' ')\")",
    "common_flags": ["-std=c++20", "<(flambeau_optimize)", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-Wno-pass-failed", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"],
  },
  "target_defaults": {
    "cflags!": ["-fno-exceptions", "-O2", "-O1"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20", "-fno-omit-frame-pointer"],
    "cflags_cc": ["<@(common_flags)"],
    "xcode_settings": {
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_ENABLE_CPP_RTTI": "YES",
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "MACOSX_DEPLOYMENT_TARGET": "11.0",
      "OTHER_CPLUSPLUSFLAGS": ["<@(common_flags)"],
    },
    "msvs_settings": {"VCCLCompilerTool": {"ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20", "/bigobj"]}},
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
  },
  "conditions": [
    ["target_arch=='x64' and flambeau_levels=='all'", {
      "targets": [
        {
          "target_name": "kernels_v3",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["FB_ISA=isa_v3"],
          "cflags_cc": ["-march=x86-64-v3"],
        },
        {
          "target_name": "kernels_v4",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["FB_ISA=isa_v4"],
          "cflags_cc": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
        },
      ],
    }],
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_v2",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["FB_ISA=isa_v2"],
          "cflags_cc": ["-march=x86-64-v2"],
        },
        {
          "target_name": "flambeau",
          "sources": ["<@(base_sources)", "native/cpu/cpu.cc"],
          "defines": ["FLAMBEAU_HAS_v2"],
          # the lowest level first: see CMakeLists.txt
          "dependencies": ["kernels_v2"],
          "conditions": [
            ["flambeau_levels=='all'", {
              "defines": ["FLAMBEAU_HAS_v3", "FLAMBEAU_HAS_v4"],
              "dependencies": ["kernels_v3", "kernels_v4"],
            }],
          ],
        },
      ],
    }, {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["FB_ISA=isa_neon"],
        },
        {
          "target_name": "flambeau",
          "sources": ["<@(base_sources)", "native/cpu/cpu.cc"],
          "dependencies": ["kernels_neon"],
        },
      ],
    }],
  ],
}
