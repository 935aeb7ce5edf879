#pragma once

namespace countenance {

/// Lowers the calling thread's priority, where the system allows it for one thread, so that a busy
/// pool never delays the host's event loop. Give it to ThreadPool as `onStart`.
void giveWayToEventLoop();

}  // namespace countenance
