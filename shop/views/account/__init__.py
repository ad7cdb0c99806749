"""What does somebody who has an account find, and how does one get an account?"""
