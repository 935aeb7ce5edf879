#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "core/thread_pool.h"
#include "napi/engine_models.h"
#include "napi/free_memory.h"
#include "napi/instance.h"
#include "napi/priority.h"
#include "vision/pipeline.h"
#include "vision/pipeline_track.h"

namespace countenance {

/// The threads, and a pipeline for each. It is ready once load() has returned.
class EngineWorkers final : public Closeable {
 public:
  EngineWorkers(std::size_t threads, std::size_t queueLimit)
      : pipelines_(threads), trackers_(threads), pool_(threads, queueLimit, giveWayToEventLoop) {}

  ThreadPool& pool() { return pool_; }
  std::size_t threads() const { return pipelines_.size(); }
  void shutDown() override { pool_.close(); }

  void load(const EngineModels& models, const CancelToken& cancel) {
    models_ = models.load(cancel);
    model_ = std::make_unique<const Pipeline>(models_);
    giveFreeMemoryBack();
  }

  /// After load(), until the last task.
  const PipelineModels& models() const { return *models_; }

  /// What lives as long as the workers, whoever else asks for it. JavaScript thread.
  void keep(std::shared_ptr<const void> part) { kept_.push_back(std::move(part)); }

  /// Any worker: so many bytes of pixels were analysed.
  void analysed(std::size_t bytes) {
    if (analysedBytes_.fetch_add(bytes) + bytes < kBytesBetweenTrims) return;
    analysedBytes_ = 0;
    giveFreeMemoryBack();
  }

  /// The pipeline of a worker, called by itself. It is copied on first use: a thread that never
  /// gets work takes no memory.
  Pipeline& pipeline(std::size_t worker) {
    std::unique_ptr<Pipeline>& own = pipelines_[worker];
    if (!own) own = std::make_unique<Pipeline>(*model_);
    return *own;
  }

  /// The same for what follows faces through clips.
  FaceTracker& tracker(std::size_t worker) {
    std::unique_ptr<FaceTracker>& own = trackers_[worker];
    if (!own) own = std::make_unique<FaceTracker>(*models_, pipeline(worker));
    return *own;
  }

 private:
  /// The threads of decoder and pool use 16 arenas of glibc on two cores, whose free pages grow
  /// without a limit in sight: from 48 to 85 MiB over 3,000 pictures of 2.7 MB. Giving them back
  /// takes 3 to 15 ms of a worker, here once in about a hundred such pictures.
  static constexpr std::size_t kBytesBetweenTrims = std::size_t{256} << 20;

  std::atomic<std::size_t> analysedBytes_{0};  // since the last time
  std::shared_ptr<const PipelineModels> models_;
  std::unique_ptr<const Pipeline> model_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<std::unique_ptr<FaceTracker>> trackers_;  // of the same workers: they use those
  ThreadPool pool_;  // last, so that its threads have ended before anything else goes
};

}  // namespace countenance
