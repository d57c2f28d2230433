'use strict';
// This part runs in a Worker, behind wasm_exec.js of the Go toolchain. It inflates
// and starts the verifier, and hands requests to it. Should the Go program end, which
// only a panic can bring about, the page is told and starts a new Worker.

let judge = null;

async function start(packed) {
	const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
	const go = new Go();
	const { instance } = await WebAssembly.instantiate(await new Response(inflated).arrayBuffer(), go.importObject);
	const ready = new Promise((resolve) => { self.attestReady = resolve; });
	const ended = go.run(instance).then(() => { throw new Error('the verifier ended'); });
	ended.catch((e) => postMessage({ kind: 'dead', message: String(e.message || e) }));
	judge = await Promise.race([ready, ended]);
	postMessage({ kind: 'ready' });
}

onmessage = async ({ data }) => {
	if (data.kind === 'start') {
		try { await start(data.wasm); } catch (e) { postMessage({ kind: 'dead', message: String(e.message || e) }); }
		return;
	}
	try {
		// The files are bytes; all else of the request is JSON text.
		const answer = judge(JSON.stringify(data.request), data.files);
		postMessage({ kind: 'answer', id: data.id, json: answer[0], html: answer[1] });
	} catch (e) {
		postMessage({ kind: 'dead', id: data.id, message: String(e.message || e) });
	}
};
