// @vladmandic/human: face detector, mesh and description as by default; everything else is off.
//   node human.js chain <threads> <photo.jpg>        JPEG bytes to vector
//   node human.js detect <threads> <photo.jpg>...    pixels to boxes, in turn
//   node human.js mesh <threads> <photo.jpg>         a box to the mesh's points
import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { loadPeer, peerFolder } from "../install.js";
import { serve } from "../serve.js";
import { decodeToTensor, type TensorFactory } from "./decode.js";

interface Tf extends TensorFactory<object> {
  dispose(tensor: object): void;
  getBackend(): string;
  tidy<T extends object>(make: () => T): T;
  expandDims(tensor: object): object;
  cast(tensor: object, type: "float32"): object;
  div(tensor: object, by: number): object;
  readonly image: {
    cropAndResize(
      pictures: object,
      boxes: readonly (readonly number[])[],
      of: readonly number[],
      size: readonly [number, number],
    ): object;
  };
  loadGraphModel(url: string): Promise<{ execute(input: object): readonly Output[] }>;
}

interface Output {
  readonly size: number;
  data(): Promise<Float32Array>;
}

interface Face {
  readonly embedding?: readonly number[];
  /** x, y, width, height by the picture's. */
  readonly boxRaw: readonly [number, number, number, number];
}

/** The part of the library that is used here; its own types pull in the DOM. */
interface Human {
  readonly version: string;
  readonly tf: Tf;
  load(): Promise<void>;
  detect(image: object): Promise<{ readonly face: readonly Face[] }>;
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
/** FaceMesh's input, and how much larger than the box it is. */
const MESH_SIDE = 192;
const MESH_MARGIN = 1.5;
const MOST_FACES = 100;

const [mode = "", threads = "1", ...paths] = process.argv.slice(2);
const photos = await Promise.all(paths.map((path) => readFile(path)));
const [photo = Buffer.of()] = photos;
const models = pathToFileURL(`${folder}/models/`).href;

await serve(async () => {
  const chain = mode === "chain";
  wasm.setThreadsCount(Number(threads));
  const human = new Human({
    backend: "wasm",
    wasmPath: `${peerFolder("@tensorflow/tfjs-backend-wasm")}/dist/`,
    modelBasePath: models,
    debug: false,
    cacheSensitivity: 0, // else a picture like the last one is answered from a cache
    filter: off,
    face: {
      enabled: true,
      detector: { enabled: true, ...(!chain && { maxDetected: MOST_FACES }) },
      mesh: { enabled: chain },
      description: { enabled: chain },
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
  const note = `human ${human.version}, ${human.tf.getBackend()}, threads ${threads}`;
  if (chain) return { note: `${note}, 1024-d`, step: () => embed(human) };
  const tensors = await Promise.all(photos.map((one) => decodeToTensor(human.tf, one)));
  return mode === "mesh"
    ? { note: `${note}, FaceMesh to its points, no chip`, step: await meshStep(human, tensors[0]) }
    : {
        note: `${note}, BlazeFace`,
        jobs: photos.length,
        step: async (i) => [(await human.detect(tensors[i % tensors.length] ?? {})).face.length],
      };
});

async function embed(human: Human): Promise<readonly number[]> {
  const tensor = await decodeToTensor(human.tf, photo);
  const result = await human.detect(tensor);
  human.tf.dispose(tensor);
  const vector = result.face[0]?.embedding;
  if (vector === undefined || vector.length === 0) throw new Error("error: found no face");
  return vector;
}

/** The library has no call for its mesh alone: its network, on the crop that it would take. */
async function meshStep(human: Human, picture: object = {}) {
  const { tf } = human;
  const network = await tf.loadGraphModel(`${models}facemesh.json`);
  const [face] = (await human.detect(picture)).face;
  if (face === undefined) throw new Error("error: found no face");
  const [x, y, width, height] = face.boxRaw;
  const middle = [y + height / 2, x + width / 2] as const;
  const half = [(height * MESH_MARGIN) / 2, (width * MESH_MARGIN) / 2] as const;
  const box = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]];
  return async () => {
    const input = tf.tidy(() => {
      const floats = tf.cast(tf.expandDims(picture), "float32");
      const crop = tf.image.cropAndResize(floats, [box], [0], [MESH_SIDE, MESH_SIDE]);
      return tf.div(crop, 255);
    });
    const outputs = network.execute(input);
    const points = await outputs.find((output) => output.size === 468 * 3)?.data();
    for (const tensor of [input, ...outputs]) tf.dispose(tensor);
    if (points === undefined) throw new Error("error: no points");
    return points;
  };
}
