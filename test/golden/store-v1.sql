PRAGMA application_id = 1668248942;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    model_id TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    sequence INTEGER NOT NULL
  ) STRICT;
INSERT INTO store VALUES(1,'m','p',4,6);
CREATE TABLE subject (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    metadata TEXT,
    created_at_ms REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
  ) STRICT;
INSERT INTO subject VALUES(1,'ada','{"city":"Paris","full \"name\"":"AÅ😀","age":36.5,"big":1e+300,"tiny":0.1,"staff":true,"left":null,"tags":["x"],"nested":{"a":1}}',1.0,1);
INSERT INTO subject VALUES(2,'bob','{"city":"Paris","age":36,"staff":"true"}',2.0,2);
INSERT INTO subject VALUES(3,'eve','["city","Paris"]',3.0,3);
CREATE TABLE face (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    subject_key INTEGER NOT NULL REFERENCES subject (key) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    x REAL,
    y REAL,
    width REAL,
    height REAL,
    score REAL,
    created_at_ms REAL NOT NULL
  ) STRICT;
INSERT INTO face VALUES(1,'ada-1',1,X'0000803f000000000000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
INSERT INTO face VALUES(2,'ada-2',1,X'0000803f0000003f0000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
INSERT INTO face VALUES(3,'bob-1',2,X'00000040000000000000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
INSERT INTO face VALUES(4,'bob-2',2,X'000000400000003f0000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
INSERT INTO face VALUES(5,'eve-1',3,X'00004040000000000000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
INSERT INTO face VALUES(6,'eve-2',3,X'000040400000003f0000000000000000',NULL,NULL,NULL,NULL,NULL,2.5);
CREATE TABLE gallery (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
  ) STRICT;
INSERT INTO gallery VALUES(1,'staff');
INSERT INTO gallery VALUES(2,'empty');
CREATE TABLE membership (
    gallery_key INTEGER NOT NULL REFERENCES gallery (key) ON DELETE CASCADE,
    subject_id TEXT NOT NULL,
    subject_key INTEGER NOT NULL REFERENCES subject (key) ON DELETE CASCADE,
    PRIMARY KEY (gallery_key, subject_id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO membership VALUES(1,'ada',1);
INSERT INTO membership VALUES(1,'bob',2);
INSERT INTO membership VALUES(1,'eve',3);
CREATE INDEX face_subject ON face (subject_key);
CREATE INDEX membership_subject ON membership (subject_key);
COMMIT;
