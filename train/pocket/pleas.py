"""The words of requests: openings, verbs, lengths, and what people say that this small world does not know. Data only."""

from __future__ import annotations

from core.pocket.world import Place

#: Creatures and things that are not in this world, and who plays them.
STAND_INS: dict[str, str] = {
    **{
        "dragon": "frog",
        "dinosaur": "frog",
        "unicorn": "rabbit",
        "princess": "cat",
        "girl": "cat",
        "boy": "dog",
        "pirate": "bear",
    },
    **{"robot": "penguin", "mouse": "rabbit", "lion": "cat", "fox": "dog", "wolf": "dog", "elephant": "bear", "chicken": "duck"},
    **{"squirrel": "rabbit", "tiger": "cat", "monkey": "bear", "knight": "bear", "fairy": "rabbit", "owl": "penguin"},
}
TREASURES: dict[str, str] = {
    **{"treasure": "gift", "toy": "gift", "cake": "gift", "book": "gift", "castle": "house", "school": "house", "tent": "house"},
    **{"plane": "kite", "rocket": "balloon", "raft": "boat"},
}
#: Places that are not in this world, and where they are set instead.
ELSEWHERE: dict[str, Place] = {
    **{"in Paris": "town", "in London": "town", "in a big city": "town", "at school": "town", "at the zoo": "meadow"},
    **{"on a farm": "meadow", "on an island": "beach", "at the lake": "beach", "in the jungle": "forest", "in Egypt": "desert"},
    **{"at the North Pole": "mountain", "on a volcano": "mountain"},
}
NOWHERE = ("in a spaceship", "under the bed", "on another planet", "in my dream", "somewhere nice")
OPENERS = (
    "",
    "",
    "",
    "",
    "Tell me a story about",
    "A story about",
    "Please tell me about",
    "I want a bedtime story about",
    "Make a picture story about",
    "A picture book about",
    "Can you tell my daughter about",
    "Write and draw a story of",
    "a short tale of",
    "Show me the adventures of",
    "Once upon a time there was",
)
FINDS = (
    "finds",
    "finds",
    "finds",
    "gets",
    "sees",
    "discovers",
    "wants",
    "looks for",
    "dreams of",
    "plays with",
    "is given",
    "and",
)
FINDS_AFTER = ("who finds", "finding", "and", "with", "that finds", "who dreams of", "who has lost")
MEETS = ("meets", "and", "plays with", "makes friends with", "visits", "helps", "wants to be friends with", "looks for")
MEETS_AFTER = ("who meets", "and", "who plays with", "meeting", "who helps", "with")
GOES = ("goes to", "travels to", "walks to", "wants to see", "runs away to", "goes on a trip to")
CHORES = (
    "eats pizza",
    "is a bit sad",
    "has a birthday",
    "cannot sleep",
    "learns to be brave",
    "is very curious",
    "loves adventures",
    "wants to fly",
    "is lonely",
    "plays the guitar",
    "bakes bread",
    "gets lost",
    "is hungry",
    "has the hiccups",
)
LENGTHS = (
    "in {n} pictures",
    "in {n} pictures",
    "in {n} steps",
    "{n} pictures",
    "{n} steps",
    "with {n} pictures",
    "in {n} scenes",
    "as a story of {n} pages",
    "{n} panels",
    "in {n} images please",
    "exactly {n} pictures",
)
NOTHING_KNOWN = (
    "Tell me a story",
    "Surprise me",
    "Something nice for my kids",
    "I am bored",
    "a bedtime story please",
    "Make something beautiful",
    "hello",
    "what can you do?",
    "My favourite colour is fun",
    "a story that makes me laugh",
    "Anything you like",
    "I had a bad week, cheer me up",
    "asdf",
    "a tale for a rainless sunday",
    "draw",
    "Invent a story for a five-year-old",
    "an adventure",
    "...",
    "Tell my little brother a story",
    "something with magic",
)
TAILS = (
    "",
    "",
    "",
    "",
    "please",
    "for my kids",
    "thank you",
    "make it funny",
    "for my daughter",
    "with a happy end",
    "it should be short",
)
