#include <napi.h>

#include "napi/database.h"
#include "napi/engine.h"
#include "napi/index.h"
#include "napi/instance.h"
#include "napi/named_index.h"
#include "napi/run_model.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // Freed by Node when the environment ends; nothing here is shared between environments.
  env.SetInstanceData(new countenance::Instance(env));
  countenance::registerEngine(env, exports);
  countenance::registerIndex(env, exports);
  countenance::registerNamedIndex(env, exports);
  countenance::registerDatabase(env, exports);
  countenance::registerRunModel(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(countenance, init)
