// @vladmandic/human: face detector, mesh and description as by default; everything else is off.
//   node human.js <photo.jpg> <threads>
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { loadPeer, peerFolder } from "../install.js";
import { serve } from "../serve.js";
import { decodeToTensor, type TensorFactory } from "./decode.js";

/** The part of the library that is used here; its own types pull in the DOM. */
interface Human {
  readonly version: string;
  readonly tf: TensorFactory<object> & { dispose(tensor: object): void; getBackend(): string };
  load(): Promise<void>;
  detect(
    image: object,
  ): Promise<{ readonly face: readonly { readonly embedding?: readonly number[] }[] }>;
}

const wasm = loadPeer("@tensorflow/tfjs-backend-wasm") as { setThreadsCount(count: number): void };
loadPeer("@tensorflow/tfjs"); // registers what human expects to find
const folder = peerFolder("@vladmandic/human");
const { Human } = loadPeer(`${folder}/dist/human.node-wasm.js`) as {
  Human: new (config: object) => Human;
};

// human reads its models by fetch, and Node's has no file: URLs.
const fetchWeb = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  return url.startsWith("file:")
    ? new Response(await readFile(fileURLToPath(url)))
    : fetchWeb(input, init);
};

const off = { enabled: false };
const [photo = "", threads = "1"] = process.argv.slice(2);
const jpeg = await readFile(photo);

await serve(async () => {
  wasm.setThreadsCount(Number(threads));
  const human = new Human({
    backend: "wasm",
    wasmPath: `${peerFolder("@tensorflow/tfjs-backend-wasm")}/dist/`,
    modelBasePath: pathToFileURL(`${folder}/models/`).href,
    debug: false,
    cacheSensitivity: 0, // else a picture like the last one is answered from a cache
    filter: off,
    face: {
      enabled: true,
      detector: { enabled: true },
      mesh: { enabled: true },
      description: { enabled: true },
      iris: off,
      emotion: off,
      antispoof: off,
      liveness: off,
    },
    body: off,
    hand: off,
    object: off,
    gesture: off,
    segmentation: off,
  });
  await human.load();
  return {
    note: `human ${human.version}, ${human.tf.getBackend()}, threads ${threads}, 1024-d`,
    step: async () => {
      const tensor = await decodeToTensor(human.tf, jpeg);
      const result = await human.detect(tensor);
      human.tf.dispose(tensor);
      const vector = result.face[0]?.embedding;
      if (vector === undefined || vector.length === 0) throw new Error("error: found no face");
      return vector;
    },
  };
});
