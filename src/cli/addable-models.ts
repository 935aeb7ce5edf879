import type { ConvertedNetwork } from "../conversion/layer.js";
import { CountenanceError } from "../errors.js";
import type { ModelEntry } from "../models.js";

/** A model that users bring themselves. */
export interface Addable {
  readonly job: ModelEntry["job"];
  readonly licence: string;
  readonly input: string;
  /** Pixels along a side of the input, where a file leaves it open. */
  readonly side: number;
  /** sha256 of its official files. */
  readonly official: Readonly<Record<string, string>>;
  /** @throws {CountenanceError} for another network. */
  readonly check: (network: ConvertedNetwork) => void;
}

export const ADDABLE: ReadonlyMap<string, Addable> = new Map([
  [
    "yunet",
    {
      job: "detection",
      licence: "Apache-2.0",
      // OpenCV, modules/objdetect/src/face_detect.cpp: no mean, no scale.
      input: "a square picture, BGR; value 0..255",
      side: 640, // of yunet_n_640_640.onnx, the larger of the official files of a fixed size
      official: {
        "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2":
          "yunet_n_320_320.onnx of ShiqiYu/libfacedetection.train",
        "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31":
          "yunet_n_640_640.onnx of ShiqiYu/libfacedetection.train",
        "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12":
          "yunet_n_dynamic.onnx of ShiqiYu/libfacedetection.train",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4":
          "face_detection_yunet_2023mar.onnx of opencv/opencv_zoo",
      },
      check: checkYunet,
    },
  ],
  [
    "minifasnet-v2",
    minifasnet("2.7", {
      "4eed38f0bde33c9b805942a5f25e42ce1161e2bda545254be622be957727794e":
        "MiniFASNetV2.onnx of yakhyo/face-anti-spoofing",
    }),
  ],
  [
    "minifasnet-v1se",
    minifasnet("4", {
      d819a69bac6b9ade2a0f4d9b60b618e1260f7bf3ba1fddff6c5d82131cb1083f:
        "MiniFASNetV1SE.onnx of yakhyo/face-anti-spoofing",
    }),
  ],
]);

/** Silent-Face-Anti-Spoofing's: src/data_io/transform.py does not divide by 255. */
function minifasnet(scale: string, official: Addable["official"]): Addable {
  return {
    job: "anti-spoofing",
    licence: "Apache-2.0",
    input: `${scale} times the face's box, as 80 x 80 pixels, BGR; value 0..255`,
    side: 80,
    official,
    check: checkMinifasnet,
  };
}

/** Outputs of YuNet: per cell of strides 8, 16, 32 two scores, a box and five points. */
function checkYunet({ input, outputs }: ConvertedNetwork): void {
  const { height, width, channels } = input;
  if (height !== width || width % 32 !== 0 || channels !== 3) {
    throw corrupt("expected a square input of 3 channels, a multiple of 32 pixels wide");
  }
  for (const [kind, values] of Object.entries({ cls: 1, obj: 1, bbox: 4, kps: 10 })) {
    for (const stride of [8, 16, 32]) {
      const name = `${kind}_${String(stride)}`;
      const shape = outputs.get(name);
      const cells = width / stride;
      if (shape?.height !== cells || shape.width !== cells || shape.channels !== values) {
        throw corrupt(`expected an output ${name} of ${String(cells)} x ${String(cells)} cells`);
      }
    }
  }
}

/** Three classes of a face, in 80 x 80 pixels. */
function checkMinifasnet({ input, outputs }: ConvertedNetwork): void {
  if (input.height !== 80 || input.width !== 80 || input.channels !== 3) {
    throw corrupt("expected an input of 80 x 80 pixels and 3 channels");
  }
  const [classes, ...more] = [...outputs.values()];
  if (more.length > 0 || classes?.height !== 1 || classes.width !== 1 || classes.channels !== 3) {
    throw corrupt("expected one output of three classes");
  }
}

export function corrupt(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_MODEL_CORRUPT", `model to add: ${message}`);
}
