'use strict';
// The page: it collects files and demands, hands them to the Worker, and shows the
// HTML that the verifier made. It judges nothing itself, and asks the network nothing.

const most = 1 << 20; // bytes of one file; the verifier reads no more
const roles = [
	['', 'recognise it'], ['report', 'report'], ['certs', 'certificates'], ['crl', 'revocation list'], ['policy', 'policy'],
	['evidence', 'evidence file'], ['release-root', 'release root'], ['amd-root', 'AMD root of your own'],
	['quote', 'TPM quote'], ['quote-signature', 'signature of the quote'], ['pcrs', 'PCR values'],
];
const byId = (id) => document.getElementById(id);
const texts = ['measurement', 'report-data', 'at', 'vmpl', 'qualifying-data', 'user-data', 'pcr'];
const boxes = ['allow-vlek', 'allow-debug', 'allow-migration'];

let files = []; // {name, role, bytes}
let worker = null;
let running = 0; // id of the request that is under way; 0: none
let lastId = 0;
let ready = false;
let pasted = 0;
let packed = null;

function say(message) { byId('state').textContent = message; }

function buttons() {
	byId('verify').disabled = !ready || running !== 0 || files.length === 0;
	byId('clear').disabled = files.length === 0;
}

// startWorker starts the verifier in a Worker of its own, so that a large input does
// not stop the page.
function startWorker() {
	ready = false;
	if (worker) worker.terminate();
	worker = new Worker(URL.createObjectURL(new Blob([byId('worker').textContent], { type: 'text/javascript' })));
	worker.onmessage = ({ data }) => ({ ready: onReady, answer: onAnswer, dead: onDead })[data.kind](data);
	worker.onerror = (e) => { e.preventDefault(); onDead({ message: e.message }); };
	if (!packed) packed = Uint8Array.from(atob(byId('wasm').textContent.trim()), (c) => c.charCodeAt(0));
	worker.postMessage({ kind: 'start', wasm: packed });
}

function onReady() {
	ready = true;
	document.documentElement.dataset.ready = 'yes';
	say(files.length ? 'Ready.' : 'Ready. Add a report or an evidence file.');
	buttons();
}

function onAnswer({ id, json, html }) {
	if (id !== running) return;
	running = 0;
	show(html);
	byId('result').dataset.json = json;
	byId('result').dataset.id = String(id);
	byId('print').disabled = false;
	const { verdict } = JSON.parse(json);
	say('Judged: ' + verdict + '.');
	byId('result').focus({ preventScroll: false });
	buttons();
}

// onDead: the verifier is gone. That is no verdict, and is said as an internal error.
let deaths = 0;
function onDead({ message }) {
	const id = running;
	running = 0;
	const box = document.createElement('div');
	box.className = 'verdict error';
	const title = document.createElement('h2');
	title.textContent = 'ERROR: InternalError';
	const text = document.createElement('p');
	text.textContent = 'The verifier stopped, which is a fault of its own and says nothing about the evidence: ' + message;
	box.append(title, text);
	byId('result').replaceChildren(box);
	byId('result').dataset.json = JSON.stringify({ verdict: 'error', exit_code: 5, error: { type: 'InternalError', message } });
	byId('result').dataset.id = String(id);
	if (++deaths > 20) { say('The verifier stopped too often; reload the page.'); return; }
	say('The verifier stopped; starting it again…');
	startWorker();
}

// show puts in what the verifier wrote. Its writer escapes every value; scripts,
// handlers and styles in markup would be stopped by the page's policy all the same.
function show(html) {
	const parsed = new DOMParser().parseFromString(html, 'text/html');
	byId('result').replaceChildren(...parsed.body.childNodes);
}

function list() {
	byId('files').replaceChildren(...files.map((file, i) => {
		const row = document.createElement('li');
		const name = document.createElement('span');
		name.className = 'name';
		name.textContent = file.name + ' (' + file.bytes.length.toLocaleString('en') + ' bytes)';
		const role = document.createElement('select');
		role.setAttribute('aria-label', 'What ' + file.name + ' is');
		for (const [value, label] of roles) role.append(new Option(label, value, false, value === file.role));
		role.onchange = () => { file.role = role.value; };
		const remove = document.createElement('button');
		remove.type = 'button';
		remove.textContent = 'Remove';
		remove.setAttribute('aria-label', 'Remove ' + file.name);
		remove.onclick = () => { files.splice(i, 1); list(); byId('pick').focus(); };
		row.append(name, role, remove);
		return row;
	}));
	buttons();
}

async function add(blobs) {
	for (const blob of blobs) {
		const name = blob.name || 'pasted ' + ++pasted;
		if (blob.size > most) { // the rest is not read: the verifier refuses by size
			files.push({ name, role: '', bytes: new Uint8Array(await blob.slice(0, most + 1).arrayBuffer()) });
		} else {
			files.push({ name, role: '', bytes: new Uint8Array(await blob.arrayBuffer()) });
		}
	}
	list();
	if (ready) say('Ready.');
}

// judge hands everything to the verifier; more are demands that the form has no field for.
function judge(more = {}) {
	if (!ready || running || files.length === 0) return;
	const request = { files: files.map(({ name, role }) => ({ name, role })), now: new Date().toISOString() };
	for (const id of texts) request[id] = byId(id).value.trim();
	for (const id of boxes) request[id] = byId(id).checked;
	Object.assign(request, more);
	running = ++lastId;
	say('Verifying…');
	buttons();
	worker.postMessage({ kind: 'judge', id: running, request, files: files.map((f) => f.bytes) });
}

// hot marks the bytes and the row of one field.
function hot(target) {
	const holder = target.closest && target.closest('[data-f]');
	const index = holder ? holder.dataset.f : null;
	for (const e of document.querySelectorAll('#result .hot')) e.classList.remove('hot');
	if (index === null) return;
	for (const e of document.querySelectorAll('#result [data-f="' + CSS.escape(index) + '"]')) e.classList.add('hot');
}

byId('form').addEventListener('submit', (e) => { e.preventDefault(); judge(); });
byId('pick').addEventListener('change', (e) => { add([...e.target.files]); e.target.value = ''; });
byId('add').addEventListener('click', () => {
	const text = byId('paste').value;
	if (text === '') { say('Nothing is pasted.'); return; }
	byId('paste').value = '';
	add([new Blob([text])]);
});
byId('clear').addEventListener('click', () => { files = []; list(); byId('result').replaceChildren(); byId('print').disabled = true; say('Ready. Add a report or an evidence file.'); });
byId('print').addEventListener('click', () => {
	for (const d of document.querySelectorAll('#result details')) d.open = true;
	window.print();
});
for (const kind of ['dragenter', 'dragover']) {
	document.addEventListener(kind, (e) => { e.preventDefault(); byId('drop').classList.add('over'); });
}
document.addEventListener('dragleave', (e) => { if (!e.relatedTarget) byId('drop').classList.remove('over'); });
document.addEventListener('drop', (e) => { e.preventDefault(); byId('drop').classList.remove('over'); add([...e.dataTransfer.files]); });
document.addEventListener('paste', (e) => {
	if (e.clipboardData.files.length > 0) { e.preventDefault(); add([...e.clipboardData.files]); }
});
byId('result').addEventListener('pointerover', (e) => hot(e.target));
byId('result').addEventListener('focusin', (e) => hot(e.target));

list();
startWorker();
