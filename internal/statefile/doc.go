// Package statefile keeps the memory of accepted trust bundles in a file, so
// that it outlasts the process: an attest.BundleMemory.
//
// # Form
//
// A JSON object (SPEC.md section 9) of at most 1 MiB, without unknown members:
//
//	{"schema": "tresor.state/v1", "workloads": {"router": {"version": 17, "sha256": "<64 hex>"}}}
//
// version is 1 to 2^53-1, sha256 that of the compact JWS in lower-case hex. What
// is written is ASCII, with workloads sorted by the bytes of their names, with
// exactly this white space, and ends in a line feed: one state has one text.
//
// # First run, and damage
//
// Only a file that is not there, in a folder that is, says that nothing was
// accepted yet. A file that is empty, cut off, of another form, no regular file
// (a symbolic link is none) or unreadable is an error of each call, and is never
// overwritten: an attacker who can damage it must not make the verifier forget. So is a
// folder that is not there, since it may be a volume that was not mounted. The
// folder itself may be reached through links. It must be one that only its owner
// can write to: an attacker who can delete the file makes the verifier forget.
//
// # Two processes, and crashes
//
// Beside the file F are F.lock and, while something is written, F.new. A writer
// holds a lock of the kernel on F.lock, which ends with the process however that
// ends; it reads F again, writes F.new, flushes it to storage, renames it to F
// and flushes the folder. Readers take no lock. At any moment F is the old file
// or the new one, whole. F.lock stays and is always empty; removing it while the
// file is in use takes the protection away. What a crash leaves as F.new means
// nothing and is removed by the next writer.
//
// Linux, macOS, the BSDs and illumos lock with flock, Windows with an open that
// shares nothing. Other systems (js, wasip1, plan9) have nothing that ends with
// the process: there the file is read, but nothing can be recorded.
package statefile
