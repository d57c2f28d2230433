// Talks to the proxy as programs do that have it as their base URL, and writes
// what happens as one JSON value per line. The test checks the lines.
import OpenAI from "openai";

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "sk-test", maxRetries: 0 });
const messages = [{ role: "user", content: "hello" }];

try {
  const whole = await client.chat.completions.create({ model: "m", messages });
  say({ whole: whole.choices[0].message.content });
  const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
  for await (const chunk of stream) {
    say({ piece: chunk.choices[0].delta.content }); // the next one is sent when the test has seen this one
  }
  say({ end: true });
} catch (err) {
  say({ status: err.status, type: err.error?.type ?? null, message: err.message });
}
