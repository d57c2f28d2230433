// Package strictjson reads JSON documents that decide about trust. It accepts
// less than RFC 8259 and leaves nothing to interpretation, so that two readers
// of one document cannot see two things in it.
//
// # What a document is
//
// One JSON object, with nothing around it but white space, of at most the size
// that the caller allows, in valid UTF-8 without a byte order mark, nested at
// most 8 deep (the outermost object counts as one). No object, at any depth, has
// two members of one name; names are compared after unescaping, byte by byte,
// without normalisation. No string has half a surrogate pair.
//
// # What is read of it
//
// Decode hands the object to a function that names every member it knows. A
// name that differs from a known one only by case (Unicode simple folding, in
// which the Kelvin sign is a k and the long s an s) is refused; other names are
// ignored, listed by Unknown, or refused by RefuseUnknown, as the document's own
// rules say. A member that is read has a value: null stands for nothing, and an
// integer is written as one ("7", never "7.0", "7e0", "-0" or "007"). An
// ignored member may hold any number; all else holds for it too.
//
// # Errors
//
// The first error wins and the order is fixed: size, UTF-8, the text from left
// to right, folded names, then the order in which members are read. Every error
// is a *rule.Error of a rule JSN-nn. Its Where is the path of a value, such as
// guest_policy.forbid[2], or Text; its Offset is that of the value, or of the
// character that is wrong.
//
// A text is checked as a whole before anything of it is read, and kept once. A Value
// is a place in it, so that values that are not read take no memory; names take some
// while their object is checked. A string is only copied when it has escapes.
package strictjson
