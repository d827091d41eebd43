// A chat agent in LangGraph.js that remembers its users across conversations, in an lgstore. The model is scripted, so that
// the example runs by itself; any chat model of LangChain takes its place.
//
//     npm install lgstore @langchain/langgraph @langchain/langgraph-checkpoint @langchain/core
//     node chat.mjs [configuration]
import { SimpleChatModel } from "@langchain/core/language_models/chat_models";
import { SystemMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { LGStore } from "lgstore/langgraph";

/** Says what a model would say to such prompts. */
class ScriptedModel extends SimpleChatModel {
  _llmType() {
    return "scripted";
  }

  async _call(messages) {
    const [system, ...rest] = messages.map(({ content }) => content);
    if (system.startsWith("Extract")) return /I (?:like|prefer) [^.]+/.exec(rest.at(-1))?.[0] ?? "nothing";
    return system.includes("I ") ? `You told me: ${system.split("\n").slice(1).join("; ")}` : "Tell me about you.";
  }
}

const model = new ScriptedModel({});
const memories = ({ configurable }) => ["memories", configurable.user];

/** Answers with what is known of the user. */
async function answer({ messages }, config) {
  const known = await config.store.search(memories(config), { limit: 5 });
  const system = ["You know of the user:", ...known.map(({ value }) => value.text)].join("\n");
  return { messages: [await model.invoke([new SystemMessage(system), ...messages])] };
}

/** Keeps what the user has said about themself. */
async function remember({ messages }, config) {
  const said = messages.findLast((message) => message.getType() === "human");
  const { content: text } = await model.invoke([new SystemMessage("Extract what to remember."), said]);
  if (text !== "nothing") await config.store.put(memories(config), text.toLowerCase(), { text });
  return {};
}

const store = new LGStore(process.argv[2] ?? "file:chat.db", { ttl: { defaultTtl: 60 * 24 * 365 } });
const graph = new StateGraph(MessagesAnnotation)
  .addNode("remember", remember)
  .addNode("answer", answer)
  .addEdge(START, "remember")
  .addEdge("remember", "answer")
  .addEdge("answer", END)
  .compile({ checkpointer: new MemorySaver(), store });

for (const [conversation, user, text] of [
  ["monday", "ada", "Hello! I prefer dark mode."],
  ["tuesday", "ada", "I like tea. What do you know of me?"],
  ["tuesday", "bob", "What do you know of me?"],
]) {
  const configurable = { thread_id: `${user} ${conversation}`, user };
  const { messages } = await graph.invoke({ messages: [{ role: "user", content: text }] }, { configurable });
  console.log(`${user}: ${text}\nagent: ${messages.at(-1).content}`);
}
await store.stop();
