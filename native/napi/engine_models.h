#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "core/cancel.h"
#include "napi/lent_bytes.h"
#include "nn/precision.h"
#include "vision/pipeline.h"

namespace countenance {

/// The model files of a new engine, lent by JavaScript, and how the engine is to use them.
///
/// They are read into memory and not mapped: their sha256 is then that of the bytes which are used,
/// and a file that is cut short meanwhile is an error instead of a SIGBUS. Nothing is lost by it,
/// as weights are packed for this CPU anyway, and the bytes are freed right after.
class EngineModels final {
 public:
  /// @param options  { detector, alignment, precision } by name; embedder, mesh, iris, and what
  /// those need of detection, landmarks: Uint8Array each (NativeAddon in src/internal/native.ts).
  /// @throws Error(kInvalidArgument), and Error(kUnsupported) for a precision that this CPU lacks.
  explicit EngineModels(Napi::Object options);

  /// Never "auto": what was chosen.
  nn::Precision precision() const { return precision_; }

  /// Any thread.
  /// @throws Error(kModelCorrupt), Error(kAborted).
  std::shared_ptr<const PipelineModels> load(const CancelToken& cancel) const;

  /// JavaScript thread, after load().
  void giveBack();

 private:
  DetectorKind detector_;
  Alignment alignment_;
  nn::Precision precision_;
  std::optional<LentBytes> embedder_;
  std::optional<LentBytes> detection_;  // none for kHog
  std::optional<LentBytes> mesh_;
  std::optional<LentBytes> iris_;
  std::optional<LentBytes> landmarks_;  // kDlib only
};

}  // namespace countenance
