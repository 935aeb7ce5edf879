// @vladmandic/face-api: detection, 68 landmarks, descriptor.
//   node face-api.js chain <threads> ssd|tiny224 <photo.jpg>        JPEG bytes to vector
//   node face-api.js detect <threads> ssd|tiny224 <photo.jpg>...    pixels to boxes, in turn
import { readFile } from "node:fs/promises";

import { loadPeer, peerFolder } from "../install.js";
import { serve } from "../serve.js";
import { decodeToTensor, type TensorFactory } from "./decode.js";

interface Net {
  loadFromDisk(folder: string): Promise<void>;
}

interface Chain {
  withFaceLandmarks(): Chain;
  withFaceDescriptor(): Promise<{ readonly descriptor: Float32Array } | undefined>;
}

/** The part of the library that is used here; its own types pull in the DOM. */
interface FaceApi {
  readonly version: string;
  readonly tf: TensorFactory<object> & {
    dispose(tensor: object): void;
    getBackend(): string;
    setBackend(name: string): Promise<boolean>;
    ready(): Promise<void>;
  };
  readonly nets: Readonly<
    Record<"ssdMobilenetv1" | "tinyFaceDetector" | "faceLandmark68Net" | "faceRecognitionNet", Net>
  >;
  readonly SsdMobilenetv1Options: new (options?: object) => object;
  readonly TinyFaceDetectorOptions: new (options?: object) => object;
  detectSingleFace(image: object, options: object): Chain;
  detectAllFaces(image: object, options: object): Promise<readonly object[]>;
}

const wasm = loadPeer("@tensorflow/tfjs-backend-wasm") as {
  setThreadsCount(count: number): void;
  setWasmPaths(folder: string): void;
};
const folder = peerFolder("@vladmandic/face-api");
const faceapi = loadPeer(`${folder}/dist/face-api.node-wasm.js`) as FaceApi;

const [mode = "", threads = "1", detector, ...paths] = process.argv.slice(2);
const photos = await Promise.all(paths.map((path) => readFile(path)));
const [photo = Buffer.of()] = photos;

await serve(async () => {
  wasm.setWasmPaths(`${peerFolder("@tensorflow/tfjs-backend-wasm")}/dist/`);
  wasm.setThreadsCount(Number(threads));
  await faceapi.tf.setBackend("wasm");
  await faceapi.tf.ready();
  const models = `${folder}/model`;
  const tiny = detector === "tiny224";
  await faceapi.nets[tiny ? "tinyFaceDetector" : "ssdMobilenetv1"].loadFromDisk(models);
  const options = tiny
    ? new faceapi.TinyFaceDetectorOptions({ inputSize: 224 })
    : new faceapi.SsdMobilenetv1Options();
  const note = `face-api ${faceapi.version}, ${faceapi.tf.getBackend()}, threads ${threads}`;
  if (mode === "detect") {
    const tensors = await Promise.all(photos.map((one) => decodeToTensor(faceapi.tf, one)));
    return {
      note,
      jobs: photos.length,
      step: async (i) => {
        const picture = tensors[i % tensors.length] ?? {};
        return [(await faceapi.detectAllFaces(picture, options)).length];
      },
    };
  }
  await faceapi.nets.faceLandmark68Net.loadFromDisk(models);
  await faceapi.nets.faceRecognitionNet.loadFromDisk(models);
  return { note: `${note}, 128-d`, step: () => embed(options) };
});

async function embed(options: object): Promise<Float32Array> {
  const tensor = await decodeToTensor(faceapi.tf, photo);
  const face = await faceapi
    .detectSingleFace(tensor, options)
    .withFaceLandmarks()
    .withFaceDescriptor();
  faceapi.tf.dispose(tensor);
  if (face === undefined) throw new Error("error: found no face");
  return face.descriptor;
}
