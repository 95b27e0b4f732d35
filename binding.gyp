# The CPU addon, for `node-gyp rebuild`: the same as CMakeLists.txt builds, with the pool's threads and without a BLAS.
{
  "variables": {
    # "all", or "v2" to try a build: the lowest level of x86-64 alone, in a third of the time
    "flambeau_levels%": "all",
    # of an inner dictionary, or common_flags would not see it
    "variables": {"flambeau_optimize%": "-O2"},
    "flambeau_optimize%": "<(flambeau_optimize)",
    "base_sources": "<!(node -p \"require('fs').readdirSync('native').filter(f => f.endsWith('.cc')).map(f => 'native/' + f).join(' ')\")",
    # GCC's, for which see CMakeLists.txt
    "vectors": "<!(node -p \"process.platform === 'linux' ? '-fvect-cost-model=dynamic --param=vect-epilogues-nomask=0 -funswitch-loops -fversion-loops-for-strides -fno-align-functions -fno-align-jumps -fno-align-labels' : ''\")",
    # native/cpu/levels.h assigns the kernel files to levels
    "all_kernels": "<!(node native/levels.mjs v2 v2)",
    "small_v2": "<!(node native/levels.mjs v2 --small v2 v3 v4)",
    "kernels_v2": "<!(node native/levels.mjs v2 v2 v3 v4)",
    "kernels_v3": "<!(node native/levels.mjs v3 v2 v3 v4)",
    "kernels_v4": "<!(node native/levels.mjs v4 v2 v3 v4)",
    "common_flags": ["-std=c++20", "<(flambeau_optimize)", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-Wno-pass-failed", "-Wno-bitwise-conditional-parentheses", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"],
  },
  "target_defaults": {
    "cflags!": ["-fno-exceptions", "-O2", "-O1"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20", "-fno-omit-frame-pointer"],
    "cflags_cc": ["<@(common_flags)"],
    # the library refuses an addon of another version
    "defines": ["FLAMBEAU_VERSION=<!(node -p \"require('./package.json').version\")"],
    "conditions": [
      ["OS=='linux'", {
        # Clang knows some of GCC's flags and says so; the last two: see CMakeLists.txt
        "cflags_cc": ["-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument", "-Wno-unused-command-line-argument", "-fno-asynchronous-unwind-tables", "-fno-dwarf2-cfi-asm"],
        "ldflags": ["-Wl,--gc-sections,-z,noseparate-code", "-s"],
      }],
    ],
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
          "target_name": "small_v2",
          "type": "static_library",
          "sources": ["<@(small_v2)"],
          "defines": ["FB_ISA=isa_v2", "FB_SMALL"],
          "cflags_cc": ["-march=x86-64-v2", "-Os", "-fno-openmp-simd", "-Wno-unknown-pragmas"],
        },
        {
          "target_name": "kernels_v3",
          "type": "static_library",
          "sources": ["<@(kernels_v3)"],
          "defines": ["FB_ISA=isa_v3"],
          "cflags_cc": ["-march=x86-64-v3", "<@(vectors)"],
        },
        {
          "target_name": "kernels_v4",
          "type": "static_library",
          "sources": ["<@(kernels_v4)"],
          "defines": ["FB_ISA=isa_v4"],
          "cflags_cc": ["-march=x86-64-v4", "-mprefer-vector-width=512", "<@(vectors)"],
        },
      ],
    }],
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_v2",
          "type": "static_library",
          "defines": ["FB_ISA=isa_v2"],
          "cflags_cc": ["-march=x86-64-v2", "<@(vectors)"],
          "conditions": [
            ["flambeau_levels=='all'", {"sources": ["<@(kernels_v2)"]}, {"sources": ["<@(all_kernels)"]}],
          ],
        },
        {
          "target_name": "flambeau",
          "sources": ["<@(base_sources)", "native/cpu/cpu.cc"],
          "cflags_cc": ["<@(vectors)"],
          "defines": ["FLAMBEAU_HAS_v2"],
          # the lowest level first: see CMakeLists.txt
          "dependencies": ["kernels_v2"],
          "conditions": [
            ["flambeau_levels=='all'", {
              "defines": ["FLAMBEAU_HAS_v3", "FLAMBEAU_HAS_v4"],
              "dependencies": ["small_v2", "kernels_v3", "kernels_v4"],
            }],
          ],
        },
      ],
    }, {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<@(all_kernels)"],
          "defines": ["FB_ISA=isa_neon"],
          "cflags_cc": ["<@(vectors)"],
        },
        {
          "target_name": "flambeau",
          "sources": ["<@(base_sources)", "native/cpu/cpu.cc"],
          "cflags_cc": ["<@(vectors)"],
          "dependencies": ["kernels_neon"],
        },
      ],
    }],
  ],
}
