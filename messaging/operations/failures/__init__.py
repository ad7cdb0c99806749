"""What does the operators' desk read, and in which words does it tell it?"""
