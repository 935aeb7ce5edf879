#include "nn/network_schedule.h"

#include <algorithm>

#include "nn/kernels.h"
#include "nn/network_kernels.h"

namespace countenance::nn {
namespace {

/// Small maps are made in bands of several rows, so that a tile of pixels finds enough of them: at
/// least this many, in a number of rows that is a power of two.
constexpr std::size_t kBandPixels = 48;

std::size_t bandRows(const Shape3& shape) {
  std::size_t rows = 1;
  while (rows * shape.width < kBandPixels && rows < shape.height) rows *= 2;
  return rows;
}

class Scheduler final {
 public:
  Scheduler(const NetworkPlan& plan, const std::vector<NetworkStep>& steps)
      : plan_(plan),
        steps_(steps),
        made_(plan.shapes.size()),
        readers_(plan.shapes.size()),
        firstBand_(plan.shapes.size()),
        lastBand_(plan.shapes.size()),
        needed_(plan.shapes.size()) {
    schedule_.values.resize(plan.shapes.size());
  }

  NetworkSchedule schedule(std::size_t inputChannels) {
    for (const std::size_t value : plan_.outputs) need(value);
    made_[0] = plan_.shapes[0].height;
    for (const std::size_t value : plan_.outputs) make(value, plan_.shapes[value].height);
    measure();
    for (const std::size_t value : plan_.outputs) {
      schedule_.values[value].rows = plan_.shapes[value].height;
      lastBand_[value] = schedule_.bands.size();
    }
    schedule_.values[0].rows = plan_.shapes[0].height;
    for (std::size_t value = 0; value < plan_.shapes.size(); ++value) {
      place(value, value == 0 ? inputChannels : paddedChannels(plan_.shapes[value].channels));
    }
    return schedule_;
  }

 private:
  template <typename Body>
  void forEachInput(const NetworkStep& step, Body&& body) const {
    body(step.a);
    if (step.b != NetworkStep::kNone && step.b != step.a) body(step.b);
  }

  /// Finds the values that the outputs depend on, and who reads them.
  void need(std::size_t output) {
    std::vector<std::size_t> pending = {output};
    while (!pending.empty()) {
      const std::size_t value = pending.back();
      pending.pop_back();
      if (needed_[value]) continue;
      needed_[value] = true;
      if (value == 0) continue;
      forEachInput(steps_[value - 1], [&](std::size_t input) {
        readers_[input].push_back(value);
        pending.push_back(input);
      });
    }
  }

  /// Appends the bands that make a value's rows up to `to`, behind those that they need. It calls
  /// itself as deep as the network has layers at most.
  void make(std::size_t value, std::size_t to) {
    const std::size_t band = bandRows(plan_.shapes[value]);
    while (made_[value] < to) {
      const Rows rows{made_[value], std::min(made_[value] + band, plan_.shapes[value].height)};
      const NetworkStep& step = steps_[value - 1];
      forEachInput(step,
                   [&](std::size_t input) { make(input, rowsRead(plan_, step, input, rows).to); });
      schedule_.bands.push_back({value - 1, rows});
      made_[value] = rows.to;
    }
  }

  /// Passes the bands again: how many rows of each value are alive at once, and from when to when.
  void measure() {
    std::fill(made_.begin(), made_.end(), 0);
    for (std::size_t i = 0; i < schedule_.bands.size(); ++i) {
      const Band& band = schedule_.bands[i];
      const std::size_t value = band.step + 1;
      if (band.rows.from == 0) firstBand_[value] = i;
      forEachInput(steps_[band.step], [&](std::size_t input) { lastBand_[input] = i; });
      made_[value] = band.rows.to;
      std::size_t& rows = schedule_.values[value].rows;
      rows = std::max(rows, made_[value] - firstRowToBeRead(value));
    }
    for (std::size_t value = 1; value < plan_.shapes.size(); ++value) {
      // Whole bands, so that a band's rows always follow each other.
      const std::size_t band = bandRows(plan_.shapes[value]);
      std::size_t& rows = schedule_.values[value].rows;
      rows = std::min((rows + band - 1) / band * band, plan_.shapes[value].height);
    }
  }

  std::size_t firstRowToBeRead(std::size_t value) const {
    std::size_t first = made_[value];
    for (const std::size_t reader : readers_[value]) {
      const Rows next{made_[reader], made_[reader] + 1};
      if (next.to > plan_.shapes[reader].height) continue;
      first = std::min(first, rowsRead(plan_, steps_[reader - 1], value, next).from);
    }
    return std::min(first, made_[value] - 1);
  }

  /// Gives a value the first place that no value has which lives at the same time.
  void place(std::size_t value, std::size_t channels) {
    ValuePlace& own = schedule_.values[value];
    own.channels = channels;
    own.rowSize = plan_.shapes[value].width * channels;
    const std::size_t size = sizeOf(own);
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < value; ++i) {
        const ValuePlace& other = schedule_.values[i];
        if (lastBand_[i] < firstBand_[value] || lastBand_[value] < firstBand_[i]) continue;
        if (other.offset + sizeOf(other) <= own.offset || own.offset + size <= other.offset)
          continue;
        own.offset = other.offset + sizeOf(other);
        moved = true;
      }
    }
    schedule_.size = std::max(schedule_.size, own.offset + size);
  }

  static std::size_t sizeOf(const ValuePlace& place) {
    return (place.rows * place.rowSize + kBlock - 1) / kBlock * kBlock;
  }

  const NetworkPlan& plan_;
  const std::vector<NetworkStep>& steps_;
  std::vector<std::size_t> made_;  // rows of the values
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::size_t> firstBand_;
  std::vector<std::size_t> lastBand_;
  std::vector<bool> needed_;
  NetworkSchedule schedule_;
};

}  // namespace

std::size_t paddedChannels(std::size_t channels) {
  return (channels + kChannelStep - 1) / kChannelStep * kChannelStep;
}

NetworkSchedule networkSchedule(const NetworkPlan& plan, const std::vector<NetworkStep>& steps,
                                std::size_t inputChannels) {
  return Scheduler(plan, steps).schedule(inputChannels);
}

}  // namespace countenance::nn
