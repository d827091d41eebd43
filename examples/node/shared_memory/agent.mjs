// An agent in LangGraph.js that shares its memory with one in Python (agent.py): what one is told, the other knows.
//
//     npm install lgstore @langchain/langgraph @langchain/langgraph-checkpoint @langchain/core
//     node agent.mjs file:memory.db ada "I like tea."
//     python agent.py file:memory.db ada "What do you know of me?"
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { LGStore } from "lgstore/langgraph";

const State = Annotation.Root({ user: Annotation(), said: Annotation(), answer: Annotation() });
const memories = (user) => ["users", user, "memories"];

/** Keeps what users say of themselves. A real agent would ask a model what to remember. */
async function remember({ user, said }, { store }) {
  const fact = /\bI (?:like|prefer) [^.!?]+/.exec(said)?.[0];
  if (fact) await store.put(memories(user), fact, { fact, told: "the JavaScript agent" });
  return {};
}

/** Answers with what the user told either agent. */
async function answer({ user }, { store }) {
  const known = await store.search(memories(user), { limit: 5 });
  const facts = known.map(({ value }) => `${value.fact} (you told ${value.told})`);
  return { answer: facts.join("; ") || "Tell me about you." };
}

/** Both agents count in one number, and none is lost, however many run at the same time. */
const oneMore = (item) => ({ count: (item?.value.count ?? 0) + 1 });

const [, , place = "file:memory.db", user = "ada", ...sentences] = process.argv;
const store = new LGStore(place);
const graph = new StateGraph(State)
  .addNode("remember", remember)
  .addNode("reply", answer)
  .addEdge(START, "remember")
  .addEdge("remember", "reply")
  .addEdge("reply", END)
  .compile({ store });

try {
  for (const said of sentences) {
    const { answer } = await graph.invoke({ user, said });
    await store.native.update(["users", user], "turns", oneMore);
    console.log(answer);
  }
  const turns = await store.get(["users", user], "turns");
  console.log(`turns: ${turns?.value.count ?? 0}`);
} finally {
  await store.stop();
}
