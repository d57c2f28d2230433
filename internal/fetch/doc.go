// Package fetch gets documents over https that are verified by a signature, trust
// bundles above all, and says at which layer that has failed. It also has what such
// documents and attested connections share: the two clocks by which they age, and the
// reading of host and port.
package fetch
