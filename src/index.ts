export type { Calibration } from "./calibration.js";
export { type Countenance, openCountenance, type OpenOptions } from "./countenance.js";
export type { Candidate, Decision } from "./decision.js";
export { type AnalyzeOptions, createEngine, type Engine } from "./engine.js";
export type { SpoofScores } from "./engine-passive.js";
export type { Alignment, Detector, EngineOptions, Precision } from "./engine-options.js";
export type { BestFrame, EyeTracking, TrackEyesOptions } from "./engine-track.js";
export { AbortedError, CountenanceError, ERROR_CODES, type ErrorCode } from "./errors.js";
export type { Box, Face, Point } from "./face.js";
export { type CallOptions, DEFAULT_GALLERY, type Galleries } from "./galleries.js";
export type { ImageInput, RawImage } from "./image.js";
export type { VideoProbe } from "./intake.js";
export {
  BlinkDetector,
  findBlinks,
  type Blink,
  type BlinkReport,
  type NearMiss,
} from "./liveness/blink.js";
export { BLINK_MISS_REASONS, type BlinkMissReason } from "./liveness/blink-rules.js";
export type { BlinkFindings, BlinkResult, VideoCheckOptions } from "./liveness/blink-check.js";
export type { BlinkOptions, Liveness } from "./liveness/liveness.js";
export { NotLiveError } from "./liveness/not-live-error.js";
export {
  LIVENESS_REFUSALS,
  type LivenessReason,
  type LivenessRefusal,
  REPLAY_CUES,
  type ReplayCue,
} from "./liveness/reasons.js";
export type { Challenge, ChallengeResult, ChallengeState } from "./liveness/challenge.js";
export type { ClaimChallenge } from "./liveness/challenge-claims.js";
export type {
  ChallengeOptions,
  ChallengeSetup,
  ChallengeTerms,
} from "./liveness/challenge-options.js";
export {
  CHALLENGE_ACTIONS,
  type ChallengeAction,
  type ChallengeStep,
  type DoneStep,
  STEP_REASONS,
  type StepReason,
  type StepTerms,
} from "./liveness/challenge-steps.js";
export type { ChallengeReason } from "./liveness/challenge-verdict.js";
export type { PassiveInput, PassiveOptions, PassiveResult } from "./liveness/passive.js";
export {
  PASSIVE_POINTS,
  PASSIVE_REASONS,
  type PassiveFrame,
  type PassivePoint,
  type PassiveReason,
} from "./liveness/passive-rules.js";
export type { Pose, TrackedFace, TrackedFrame } from "./liveness/tracked-frame.js";
export {
  type VideoFrame,
  videoFrames,
  type VideoInput,
  type VideoOptions,
} from "./liveness/video.js";
export {
  type Comparison,
  DEFAULT_MAX_DISTANCE,
  type SearchOptions,
  type SearchResult,
  type Verification,
  type VerifyOptions,
} from "./matching.js";
export type { Probe } from "./probe.js";
export type { RegisterManyItem, RegisterManyOptions, RegisterManyResult } from "./register-many.js";
export { MISMATCH_DISTANCE, type RegisterOptions, type Registration } from "./registration.js";
export { createMemoryStore, type MemoryStoreOptions } from "./stores/memory.js";
export {
  openSqliteStore,
  type BackupOptions,
  type SqliteStore,
  type SqliteStoreOptions,
} from "./stores/sqlite.js";
export type {
  Change,
  ChangePage,
  ChangesOptions,
  FaceRecord,
  FilterValue,
  Hit,
  Metadata,
  MetadataFilter,
  PageOptions,
  Refusal,
  Store,
  StoredModel,
  StoreOperation,
  StoreSupport,
  SubjectRecord,
  SubjectSummary,
  TransactionResult,
  VectorSearchOptions,
  VectorSearchResult,
} from "./stores/store.js";
export type { AddFacesOptions, Subject, SubjectFace, SubjectInfo, Subjects } from "./subjects.js";
export { Template } from "./template.js";
export {
  createIndex,
  type IndexFileOptions,
  type IndexHit,
  type VectorIndex,
} from "./vector-index.js";
export type {
  IndexFormat,
  IndexMetric,
  IndexSearchOptions,
  VectorIndexOptions,
} from "./vector-index-options.js";
export type { VerifyVideoOptions, VideoDecision, VideoVerification } from "./video-verification.js";
