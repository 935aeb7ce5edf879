#pragma once

#include <string>

#include "core/cancel.h"
#include "index/saved_index.h"

namespace countenance {

// Files of FAISS's flat indexes, as write_index() and read_index() of FAISS 1.7 have them: exact
// vectors by L2 or by inner product, alone (the ids are 0, 1, 2 ...) or inside of an IndexIDMap. We
// read and write them ourselves: FAISS's own reader believes the sizes in the file.
//
//   flat:    fourcc "IxF2" L2, "IxFI" inner product, "IxFl" either
//            header: i32 dimension  i64 count  2 x i64 unused  u8 trained  i32 metric (0 inner
//            product, 1 L2)
//            u64 floats  floats x f32
//   id map:  fourcc "IxMp" or "IxM2", the same header, a flat index, u64 count  count x i64 ids
//
// Inner product is cosine where vectors have length 1, and is not supported where they have not.

/// Writes an index of integer ids. Where they are 0, 1, 2 ... it is a flat one, else an id map.
/// @throws Error kInvalidArgument for ids that are strings, and as writeIndexFile() does.
void writeFaissFile(const std::string& path, const SavedIndex& index, const VectorSource& vectors,
                    const CancelToken& cancel);

/// @throws Error as readIndexFile() does; kInvalidArgument also when the target refuses ids or
///   vectors: FAISS allows ids below zero, ids that come twice, and any length of vectors.
void readFaissFile(const std::string& path, SavedIndexTarget& target, const CancelToken& cancel);

}  // namespace countenance
