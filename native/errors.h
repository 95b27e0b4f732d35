// What is thrown in native, by the codes that lib/dispatch.ts turns into the error classes of the public API. Used by
// addon.h, which throws them, and queue.cc, which keeps them.
#pragma once
#include <new>
#include <stdexcept>

#include "device.h"
#include "plan.h"
#include "storage.h"

namespace flambeau {

/** Calls `f`; gives false, and tells `report(code, message)`, if it throws. */
template <class F, class Report>
bool attempt(F&& f, Report&& report) noexcept {
  try {
    f();
    return true;
  } catch (const PlanError& e) {
    report("FLAMBEAU_PLAN", e.what());
  } catch (const PlacementError& e) {
    report("FLAMBEAU_DEVICE", e.what());
  } catch (const DeviceFailure& e) {
    report("FLAMBEAU_CUDA", e.what());
  } catch (const NotNow& e) {
    report("FLAMBEAU_ASYNC", e.what());
  } catch (const std::out_of_range& e) {
    report("FLAMBEAU_INDEX", e.what());
  } catch (const std::domain_error& e) {
    report("FLAMBEAU_VALUE", e.what());
  } catch (const std::invalid_argument& e) {
    report("FLAMBEAU_VALUE", e.what());
  } catch (const NoMemory& e) {
    report("FLAMBEAU_MEMORY", e.what());
  } catch (const std::bad_alloc&) {
    report("FLAMBEAU_MEMORY", "no memory for temporary results");
  } catch (const std::exception& e) {
    report("FLAMBEAU_INTERNAL", e.what());
  } catch (...) {
    report("FLAMBEAU_INTERNAL", "unknown native error");
  }
  return false;
}

}  // namespace flambeau
