// Writes to the SQLite store without end, until it is killed: says on standard output, at once, what
// it begins and what was acknowledged.
//   node mixed-writes.js <db> <first number>
//     +<id>  a person with two faces and a gallery is in       -?<id>  will be deleted
//     c?<id> a third face will be added                         -<id>  is deleted
//     c<id>  it is there
import { writeSync } from "node:fs";

import { openSqliteStore } from "../../src/index.js";
import { faceOf, nameOf, write } from "../store/people.js";
import { KILL_MODEL, vectorOf } from "../store/kills.js";

const [path = "", first = "0"] = process.argv.slice(2);
const AT_ONCE = 16;

const say = (text: string) => writeSync(1, `${text}\n`);

const store = await openSqliteStore({ path });
await store.prepare(KILL_MODEL);
let next = Number(first);

async function writeOn(): Promise<void> {
  for (;;) {
    const number = next++;
    const id = nameOf(number);
    await write(store, [
      { kind: "create-subject", subject: { id, metadata: undefined, createdAtMs: 1 } },
      { kind: "add-face", face: faceOf(id, "a", vectorOf(number, 0)) },
      { kind: "add-face", face: faceOf(id, "b", vectorOf(number, 1)) },
      { kind: "ensure-gallery", galleryId: "staff" },
      { kind: "add-member", galleryId: "staff", subjectId: id },
    ]);
    say(`+${id}`);
    if (number % 3 === 0) {
      say(`c?${id}`);
      await write(store, [{ kind: "add-face", face: faceOf(id, "c", vectorOf(number, 2)) }]);
      say(`c${id}`);
    }
    if (number % 4 === 0) {
      say(`-?${id}`);
      await write(store, [{ kind: "delete-subject", subjectId: id }]);
      say(`-${id}`);
    }
    if (number % 8 === 1) await store.search(vectorOf(number, 3), { k: 10, gallery: "staff" });
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, writeOn));
