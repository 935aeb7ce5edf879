#pragma once

#include <string>

#include "core/cancel.h"
#include "index/saved_index.h"

namespace countenance {

// Our own file of an index. Layout of version 1, all little endian:
//
//   0  magic "CNTNVIDX"
//   8  u32 version, 1
//  12  u32 dimension, 1..4096
//  16  u32 metric: 0 L2, 1 cosine (the vectors then have length 1)
//  20  u32 ids: 0 integers, 1 strings
//  24  u64 count
//  32  u64 bytes of the ids
//  40  u64 bytes of the whole file
//  48  u64 zero
//  56  u64 XXH64, seed 0, of the 56 bytes before it
//  64  ids: integers as u64, or u32 lengths of all strings and then their UTF-8; zeros to a
//  multiple
//      of 64 from the start of the file
//      vectors: count x dimension x f32, in the order of the ids
//      u64 XXH64, seed 0, of everything before it
//
// Ids come in the order in which ties are decided.

/// Replaces the file at `path` once the new one is whole and on the disk.
/// @throws Error as ReplacedFile does; kAborted; whatever `vectors` throws.
void writeIndexFile(const std::string& path, const SavedIndex& index, const VectorSource& vectors,
                    const CancelToken& cancel);

/// Reads a whole file into `target`, which has it only once this has returned: the checksum comes
/// last. Nothing is allocated that the file is not long enough for.
/// @throws Error kStoreCorrupt for a file that is damaged or of another kind; kInvalidArgument when
///   begin() refuses it or the path cannot be read; kStoreIo; kAborted.
void readIndexFile(const std::string& path, SavedIndexTarget& target, const CancelToken& cancel);

}  // namespace countenance
