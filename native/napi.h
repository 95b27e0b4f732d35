// The one include site of Node-API. The stable ABI only, so that one binary serves every Node.
#pragma once
#define NAPI_VERSION 8
#ifndef NAPI_DISABLE_CPP_EXCEPTIONS
#define NAPI_DISABLE_CPP_EXCEPTIONS
#endif
#define NODE_ADDON_API_DISABLE_DEPRECATED
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include <napi.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
