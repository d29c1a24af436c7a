"""The technologies behind the ports of the domain, each in a package of its own."""
