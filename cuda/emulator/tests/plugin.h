// What the library of plugin_*.cu offers to threads.cc, which opens it as Node opens an addon.
#pragma once

/** Computes on a stream of its own, several times; 0 if all was right. Many threads may call it at once. */
using PluginWork = int (*)(int seed);
