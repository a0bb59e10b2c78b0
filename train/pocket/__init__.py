"""The pocket bundle: three tiny agents that tell picture stories on a laptop, their language, their lessons and their tests."""
