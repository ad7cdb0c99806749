"""Which pages show what can be bought?"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop import catalogue
from shop.forms import SearchForm
from shop.models import Category
from shop.search import Wanted


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    page = catalogue.products(page=request.GET.get("page"))
    return render(request, "shop/products.html", {"page": page})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        shown = catalogue.category(slug=slug)
    except Category.DoesNotExist:
        raise Http404 from None
    page = catalogue.products(wanted=Wanted(category=slug), page=request.GET.get("page"))
    return render(request, "shop/category.html", {"category": shown, "page": page})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    page = catalogue.products(wanted=Wanted(search=query), page=request.GET.get("page")) if query else None
    return render(request, "shop/search.html", {"form": form, "query": query, "page": page})
