//go:build js && wasm

// Command wasm is the verifier behind the auditor's page: it gives the page one
// function, which takes a request and the bytes of files and returns the verdict as
// JSON and as HTML. See package web.
package main

import (
	"syscall/js"

	"github.com/tresorhq/attest/web"
)

func main() {
	judge := js.FuncOf(func(_ js.Value, args []js.Value) any {
		files := make([][]byte, args[1].Length())
		for i := range files {
			from := args[1].Index(i)
			files[i] = make([]byte, from.Get("length").Int())
			js.CopyBytesToGo(files[i], from)
		}
		answer := web.Judge([]byte(args[0].String()), files)
		return []any{string(answer.JSON), answer.HTML}
	})
	js.Global().Call("attestReady", judge)
	select {} // the functions given away are called from now on
}
