import type { Moment } from "./still-motion.js";
import type { Print } from "./still-photos.js";

/** How far the camera is from the sheet, in widths of the face: a hand's reach. */
const CAMERA_DISTANCE = 4;
/** Height of the squeezed band around the line of the eyes, in widths of the face. */
const SQUEEZED = 0.12;
const RADIANS = Math.PI / 180;

/** Where on the print a point of the picture lies: turn, tilted plane, bent sheet, crease. */
export class SheetWarp {
  /** The answer of `locate`, in pixels of the print. */
  u = 0;
  v = 0;
  readonly #distance: number;
  readonly #cosRoll: number;
  readonly #sinRoll: number;
  readonly #cosBend: number;
  readonly #sinBend: number;
  readonly #cosYaw: number;
  readonly #tanYaw: number;
  readonly #cosPitch: number;
  readonly #tanPitch: number;
  readonly #bend: number;
  readonly #eyeX: number;
  readonly #eyeY: number;
  readonly #cosEye: number;
  readonly #sinEye: number;

  constructor(
    private readonly print: Print,
    private readonly moment: Moment,
  ) {
    const { eyes, face } = print;
    const turn = moment.rollDegrees * RADIANS;
    const axis = moment.bendAxis * RADIANS;
    const eyeLine = Math.atan2(eyes[1].y - eyes[0].y, eyes[1].x - eyes[0].x);
    [this.#cosRoll, this.#sinRoll] = [Math.cos(turn), Math.sin(turn)];
    [this.#cosBend, this.#sinBend] = [Math.cos(axis), Math.sin(axis)];
    [this.#cosEye, this.#sinEye] = [Math.cos(eyeLine), Math.sin(eyeLine)];
    this.#cosYaw = Math.cos(moment.yawDegrees * RADIANS);
    this.#tanYaw = Math.tan(moment.yawDegrees * RADIANS);
    this.#cosPitch = Math.cos(moment.pitchDegrees * RADIANS);
    this.#tanPitch = Math.tan(moment.pitchDegrees * RADIANS);
    this.#distance = CAMERA_DISTANCE * face.size;
    this.#bend = moment.bend / face.size;
    this.#eyeX = (eyes[0].x + eyes[1].x) / 2;
    this.#eyeY = (eyes[0].y + eyes[1].y) / 2;
  }

  /** @param dx  Pixels of the picture from where the face's centre is. */
  locate(dx: number, dy: number): void {
    const { zoom, squeeze } = this.moment;
    let u = (dx * this.#cosRoll + dy * this.#sinRoll) / zoom;
    let v = (dy * this.#cosRoll - dx * this.#sinRoll) / zoom;
    const depth = this.#distance / (this.#distance - u * this.#tanYaw - v * this.#tanPitch);
    u = (u * depth) / this.#cosYaw;
    v = (v * depth) / this.#cosPitch;
    if (this.#bend !== 0) {
      const along = v * this.#cosBend - u * this.#sinBend;
      const across = u * this.#cosBend + v * this.#sinBend;
      const sine = Math.max(-0.95, Math.min(0.95, across * this.#bend));
      const square = sine * sine;
      // The arc's length over a chord, by its series up to the fifth power.
      const arc = across * (1 + square / 6 + (3 * square * square) / 40);
      const sunk = 1 + (1 - Math.sqrt(1 - square)) / Math.abs(this.#bend) / this.#distance;
      u = (arc * this.#cosBend - along * this.#sinBend) * sunk;
      v = (arc * this.#sinBend + along * this.#cosBend) * sunk;
    }
    u += this.print.face.x;
    v += this.print.face.y;
    if (squeeze !== 0) {
      const away = (v - this.#eyeY) * this.#cosEye - (u - this.#eyeX) * this.#sinEye;
      const relative = away / (SQUEEZED * this.print.face.size);
      const shift = squeeze * away * Math.exp(-relative * relative);
      u -= shift * this.#sinEye;
      v += shift * this.#cosEye;
    }
    this.u = u;
    this.v = v;
  }
}
