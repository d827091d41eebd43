"""An agent that shares its memory with a service in another language (``service``, in Go).

    python agent.py file:shop.db ada "I like tea"     # the agent remembers it
    (cd service && go run . file:../shop.db ada)     # the Go service makes an offer of it
    python agent.py file:shop.db ada "any offers?"    # the agent finds the offer

Instead of a file it may be a cluster: ``scylla://127.0.0.1/shop``. Both may run at the same time.
"""

import asyncio
import sys

from lgstore.scylladb import AsyncScyllaDBStore


class Agent:
    """Talks with one user. A real one would ask a model what to remember; this one knows two sentences."""

    def __init__(self, store: AsyncScyllaDBStore, user: str) -> None:
        self._store = store
        self._user = user

    async def hear(self, sentence: str) -> str:
        """Gives the answer to what the user says."""
        await self.count_visit()
        if sentence.startswith("I like "):
            thing = sentence.removeprefix("I like ").strip(".! ")
            await self._store.aput(("users", self._user, "likes"), thing, {"thing": thing, "said": sentence})
            return f"I'll remember that you like {thing}."
        offers = await self._store.asearch(("users", self._user, "offers"), limit=3)
        if not offers:
            return "Nothing yet."
        return "\n".join(f"{offer.value['text']} ({offer.value['by']})" for offer in offers)

    async def count_visit(self) -> None:
        """Adds one to a number that the service counts up, too: no count is lost."""
        place = (("users", self._user), "visits")
        while True:
            item = await self._store.aget(*place)
            if item is None:
                counted = await self._store.aput_if_not_exists(*place, {"count": 1})
            else:
                more = {"count": item.value["count"] + 1}
                counted = await self._store.acompare_and_set(*place, item.value, more)
            if counted:
                return


async def main(place: str, user: str, *sentences: str) -> None:
    """Says each sentence and prints the answers."""
    async with AsyncScyllaDBStore(place) as store:
        agent = Agent(store, user)
        for sentence in sentences:
            print(await agent.hear(sentence))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
