const { open } = require("lgstore");

(async () => {
  const store = await open("memory:");
  await store.put(["users"], "theme", { mode: "dark" });
  console.log((await store.get(["users"], "theme")).value.mode);
})();
