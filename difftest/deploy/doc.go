// Package deploy holds the examples of how to run the proxy, in its test.
package deploy
